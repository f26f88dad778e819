import { GatherError } from '@callgather/protocol'
import { describe, expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

describe('a rate limit', () => {
  it('a rate limit throws a 429 with the time to wait when a key has used up its burst', () => {
    let now = 0
    const limit = new RateLimit({ perSecond: 2, burst: 1, now: () => now })
    limit.takeOrThrow('agent-7')
    limit.takeOrThrow('agent-8')
    const refused = (() => {
      try {
        limit.takeOrThrow('agent-7', 'Exports')
      } catch (error) {
        return error
      }
    })()
    expect(GatherError.isInstance(refused) && refused).toMatchObject({
      status: 429,
      retryAfterMs: 500,
      errors: [{ code: '10011', detail: 'Exports come too fast. Wait 1 s and try again.' }],
    })
    now += 500
    limit.takeOrThrow('agent-7')
  })

  it.each([
    { perSecond: 0, burst: 1 },
    { perSecond: Number.NaN, burst: 1 },
    { perSecond: 1, burst: 0 },
    { perSecond: Number.POSITIVE_INFINITY, burst: 1 },
  ])('rejects a rate limit that would refuse everything or nothing: %j', (options) => {
    expect(() => new RateLimit(options)).toThrow(RangeError)
  })
})
