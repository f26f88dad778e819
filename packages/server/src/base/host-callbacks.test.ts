import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { HostCallbackError, HostCallbacks } from './host-callbacks.ts'

function setUp() {
  const lines: string[] = []
  const counts: string[] = []
  // Without times, because a time may contain the digits that a test looks for.
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) })
  const hostCallbacks = new HostCallbacks({ logger, countFailure: (name, reason) => counts.push(`${name} ${reason}`) })
  return { hostCallbacks, lines, counts }
}

/** Values that a host callback may throw. */
const unreadable = () => Object.defineProperty(new Error('4071'), 'name', { get: () => expect.fail('4071') })
const named = (name: string) => Object.assign(new Error('4071'), { name })
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable(new Error('4071'), {})
  revoke()
  return proxy
}

describe('a host callback', () => {
  it('resolves with the value of a synchronous or asynchronous host callback', async () => {
    const { hostCallbacks, counts } = setUp()
    expect(await hostCallbacks.call('mask', () => 'digits')).toBe('digits')
    expect(await hostCallbacks.call('mask', async () => 'all')).toBe('all')
    expect(counts).toEqual([])
  })

  it.each([
    [
      'throws',
      'failed',
      () => {
        throw new TypeError('4071')
      },
    ],
    ['rejects', 'failed', () => Promise.reject(new TypeError('4071'))],
    ['rejects with nothing', 'failed', () => Promise.reject(undefined)],
    ['rejects with an error that cannot be read', 'failed', () => Promise.reject(unreadable())],
    ['rejects with a revoked proxy', 'failed', () => Promise.reject(revoked())],
    ['rejects with an error whose name contains digits', 'failed', () => Promise.reject(named('PIN 4071'))],
    ['hangs', 'timeout', () => new Promise(() => {})],
    ['returns the wrong shape', 'invalid', () => 42],
  ])(
    'reports a host callback that %s as "%s", with one log line and one count, without quoting its error',
    async (_, reason, run) => {
      const { hostCallbacks, lines, counts } = setUp()
      const call = hostCallbacks.call<unknown>('onSensitive', run, { deadlineMs: 20, isValid: (value) => value !== 42 })
      await expect(call).rejects.toBeInstanceOf(HostCallbackError)
      await expect(call).rejects.toMatchObject({ callback: 'onSensitive', reason })
      expect(counts).toEqual([`onSensitive ${reason}`])
      expect(lines).toHaveLength(1)
      expect(lines.join()).not.toContain('4071')
    },
  )
})
