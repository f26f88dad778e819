import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ServerTime } from './server-time.ts'

const iso = (millis: number) => new Date(millis).toISOString()

describe('ServerTime', () => {
  it('ServerTime keeps the estimate of a quick reply when slower replies follow', async () => {
    const clock = new VirtualClock(1_000_000)
    const time = new ServerTime(clock)
    const offsetMs = 3_600_000
    const requestedAt = clock.now()
    await clock.advanceTo(requestedAt + 60)
    time.observe(iso(requestedAt + 30 + offsetMs), requestedAt)
    expect(time.offsetMs).toBe(offsetMs)
    for (const stamped of [100, 20_000, 39_900]) {
      const slowRequestedAt = clock.now()
      await clock.advanceTo(slowRequestedAt + 40_000)
      time.observe(iso(slowRequestedAt + stamped + offsetMs), slowRequestedAt)
      expect(Math.abs(time.offsetMs - offsetMs)).toBeLessThanOrEqual(30)
    }
  })

  it('ServerTime estimates the clock offset within half the round trip of the quickest reply', async () => {
    const anyReply = fc.record({ there: fc.nat(30_000), back: fc.nat(30_000), isRequested: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1e9, max: 1e9 }), fc.array(anyReply), async (offsetMs, replies) => {
        const clock = new VirtualClock(2e9)
        const time = new ServerTime(clock)
        let quickest = Number.POSITIVE_INFINITY
        for (const { there, back, isRequested } of replies) {
          const requestedAt = clock.now()
          await clock.advanceTo(requestedAt + there + back)
          time.observe(iso(requestedAt + there + offsetMs), isRequested ? requestedAt : undefined)
          if (isRequested) quickest = Math.min(quickest, there + back)
          if (quickest === Number.POSITIVE_INFINITY) continue
          expect(Math.abs(time.offsetMs - offsetMs)).toBeLessThanOrEqual(quickest / 2 + 20)
        }
      }),
    )
  })

  it('ServerTime adopts a new clock offset after the clock was set', async () => {
    const clock = new VirtualClock(1_000_000)
    const time = new ServerTime(clock)
    time.observe(iso(clock.now()), clock.now())
    time.observe(iso(clock.now() + 7_200_000), clock.now())
    expect(time.offsetMs).toBe(7_200_000)
    time.observe(iso(clock.now() + 10_000), clock.now() - 50)
    expect(time.offsetMs).toBe(10_025)
  })
})
