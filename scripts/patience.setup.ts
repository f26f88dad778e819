// What is waited for comes at once on a quiet machine; on a busy one it may take longer than the second that Vitest allows.
// A test that passes is no slower for it.
import { vi } from 'vitest'

const waitFor = vi.waitFor
vi.waitFor = (callback, options) => waitFor(callback, options ?? { timeout: 10_000 })
