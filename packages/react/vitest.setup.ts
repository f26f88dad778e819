import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// Testing Library registers its own clean-up only when test functions are global.
afterEach(cleanup)

configure({ asyncUtilTimeout: 10_000 })
