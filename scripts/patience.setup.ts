// On a busy machine a condition can take longer than Vitest's default of one second. Passing tests are no slower.
import { vi } from 'vitest'

const waitFor = vi.waitFor
vi.waitFor = (callback, options) => waitFor(callback, options ?? { timeout: 10_000 })
