import { describe, expect, it, vi } from 'vitest'
import { realClock, virtualClock } from './clock.ts'

describe('the virtual clock', () => {
  it('the virtual clock runs timers only when it advances, ordered by due time and then by when they were set', async () => {
    const clock = virtualClock({ start: 1000 })
    const seen: string[] = []
    const note = (what: string) => () => seen.push(`${what} at ${clock.now()}`)
    clock.schedule(1300, note('c'))
    clock.schedule(1100, note('a'))
    clock.schedule(1100, note('b'))
    clock.schedule(2000, note('too late'))
    expect(seen).toEqual([])
    await clock.advance(500)
    expect(seen).toEqual(['a at 1100', 'b at 1100', 'c at 1300'])
    expect(clock.now()).toBe(1500)
    expect(clock.pending).toBe(1)
  })

  it('the virtual clock runs a timer that another timer set if both are due within the same advance', async () => {
    const clock = virtualClock({ start: 0 })
    const seen: number[] = []
    const again = () => {
      seen.push(clock.now())
      if (seen.length < 4) clock.schedule(clock.now() + 10, again)
    }
    clock.schedule(10, again)
    await clock.advance(100)
    expect(seen).toEqual([10, 20, 30, 40])
  })

  it('the virtual clock does not run a cancelled timer', async () => {
    const clock = virtualClock()
    let ran = false
    const cancel = clock.schedule(clock.now() + 5, () => {
      ran = true
    })
    cancel()
    cancel()
    expect(clock.pending).toBe(0)
    await clock.advance(10)
    expect(ran).toBe(false)
  })

  it('the virtual clock waits for tracked work before it runs the next timer', async () => {
    const clock = virtualClock({ start: 0 })
    const seen: string[] = []
    clock.schedule(10, () => {
      clock.track(
        new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => {
          seen.push('work done')
        }),
      )
    })
    clock.schedule(11, () => seen.push('next timer'))
    await clock.advance(20)
    expect(seen).toEqual(['work done', 'next timer'])
  })

  it('the virtual clock advances while tracked work sleeps on it', async () => {
    const clock = virtualClock({ start: 0 })
    clock.track(clock.sleep(5000))
    await clock.advance(6000)
    expect(clock.now()).toBe(6000)
    await clock.settle()
  })

  it('runUntil advances the virtual clock until a promise settles, and rejects when no timer is left', async () => {
    const clock = virtualClock({ start: 0 })
    await expect(clock.runUntil(clock.sleep(3_600_000).then(() => 'woke'))).resolves.toBe('woke')
    expect(clock.now()).toBe(3_600_000)
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow('no timers left')
  })

  it('the virtual clock rejects a negative duration with a RangeError', async () => {
    await expect(virtualClock().advance(-1)).rejects.toThrow(RangeError)
  })

  it('the virtual clock uses real time for webhook signatures unless it has a fixed start', async () => {
    const moved = virtualClock()
    await moved.advance(86_400_000)
    expect(Math.abs(moved.signingTime() - Date.now())).toBeLessThan(1000)
    expect(virtualClock({ start: 42 }).signingTime()).toBe(42)
  })
})

describe('the real clock', () => {
  it('the real clock runs timers by due time, and then in the order they were set, also when a millisecond passes in between', async () => {
    let now = 0
    const time = vi.spyOn(Date, 'now').mockImplementation(() => now)
    const clock = realClock()
    const seen: string[] = []
    clock.schedule(10, () => seen.push('first'))
    now = 9
    const last = new Promise<void>((resolve) =>
      clock.schedule(10, () => {
        seen.push('second')
        resolve()
      }),
    )
    now = 20
    await last
    time.mockRestore()
    expect(seen).toEqual(['first', 'second'])
  })

  it('the real clock runs timers also when the time of day stands still or is set back', async () => {
    let now = 3_600_000
    const time = vi.spyOn(Date, 'now').mockImplementation(() => now)
    const clock = realClock()
    await clock.sleep(5)
    const woken = clock.sleep(5)
    now = 0
    await woken
    time.mockRestore()
  })

  it('the real clock runs timers for past times and for no number in the order they were set', async () => {
    const clock = realClock()
    const seen: string[] = []
    const later = clock.sleep(20)
    clock.schedule(clock.now(), () => seen.push('now'))
    clock.schedule(Number.NaN, () => seen.push('no number'))
    clock.schedule(0, () => seen.push('past'))
    await later
    expect(seen).toEqual(['now', 'no number', 'past'])
  })

  it('the real clock runs due timers, and runs no timer after it is stopped', async () => {
    const clock = realClock()
    await clock.sleep(5)
    let ran = false
    clock.schedule(clock.now() + 20, () => {
      ran = true
    })
    clock.schedule(Number.POSITIVE_INFINITY, () => {
      ran = true
    })
    clock.stop()
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(ran).toBe(false)
  })
})
