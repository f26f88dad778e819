/** Tests that only `npm run test:long` runs, because other tests of `npm test` cover the usual case. */
import { it } from 'vitest'

export const isLong = process.env.CALLGATHER_LONG !== undefined

/** Like `it`, but only in the long run. */
export const itLong = it.skipIf(!isLong)
