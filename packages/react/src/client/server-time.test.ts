import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ServerTime } from './server-time.ts'

const iso = (millis: number) => new Date(millis).toISOString()

describe('the server’s time', () => {
  it('is known after one quick answer, and no slow one spoils it, whenever on its way it was stamped', async () => {
    const clock = new VirtualClock(1_000_000)
    const time = new ServerTime(clock)
    const ahead = 3_600_000
    const asked = clock.now()
    await clock.advanceTo(asked + 60)
    time.observe(iso(asked + 30 + ahead), asked)
    expect(time.offsetMs).toBe(ahead)
    for (const stamped of [100, 20_000, 39_900]) {
      const slow = clock.now()
      await clock.advanceTo(slow + 40_000)
      time.observe(iso(slow + stamped + ahead), slow)
      expect(Math.abs(time.offsetMs - ahead)).toBeLessThanOrEqual(30)
    }
  })

  it('never strays farther from the truth than half the way of the quickest answer', async () => {
    const anyAnswer = fc.record({ there: fc.nat(30_000), back: fc.nat(30_000), isAsked: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1e9, max: 1e9 }), fc.array(anyAnswer), async (ahead, answers) => {
        const clock = new VirtualClock(2e9)
        const time = new ServerTime(clock)
        let quickest = Number.POSITIVE_INFINITY
        for (const { there, back, isAsked } of answers) {
          const asked = clock.now()
          await clock.advanceTo(asked + there + back)
          time.observe(iso(asked + there + ahead), isAsked ? asked : undefined)
          if (isAsked) quickest = Math.min(quickest, there + back)
          if (quickest === Number.POSITIVE_INFINITY) continue
          expect(Math.abs(time.offsetMs - ahead)).toBeLessThanOrEqual(quickest / 2 + 20)
        }
      }),
    )
  })

  it('is learnt anew when a clock was set', async () => {
    const clock = new VirtualClock(1_000_000)
    const time = new ServerTime(clock)
    time.observe(iso(clock.now()), clock.now())
    time.observe(iso(clock.now() + 7_200_000), clock.now())
    expect(time.offsetMs).toBe(7_200_000)
    time.observe(iso(clock.now() + 10_000), clock.now() - 50)
    expect(time.offsetMs).toBe(10_025)
  })
})
