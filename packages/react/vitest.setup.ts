import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// Testing Library cleans up by itself only with global test functions.
afterEach(cleanup)

configure({ asyncUtilTimeout: 10_000 })
