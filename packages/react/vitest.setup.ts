import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// Without global test functions, the library cannot know when a test is over.
afterEach(cleanup)

configure({ asyncUtilTimeout: 10_000 })
