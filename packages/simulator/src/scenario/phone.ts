/** Simulated phones for tests, which dial the application or receive its calls. */
import type { Exchange } from '../call/exchange.ts'
import { Caller, DEFAULT_WAIT_MS, type WaitOptions } from './caller.ts'

/** The phone numbers of a call to the application. */
export interface DialOptions {
  /** Phone number of the application. Default `+15550199`. */
  to?: string | undefined
  /** Phone number of the caller. Default `+15550100`. */
  from?: string | undefined
}

/** Simulated phones: they dial the application and receive its calls. */
export interface Phone {
  /** Calls the application. Resolves while the call rings; use `caller.answered()` to wait for the answer. */
  dial(options?: DialOptions): Promise<Caller>
  /**
   * Waits for a call of the application (`POST /calls`, `transfer`) to the number `to`, or to any number. The call rings
   * until the caller answers or declines it. A call that no phone waits for goes to a simulated callee.
   */
  nextCall(options?: { to?: string } & WaitOptions): Promise<Caller>
}

export function createPhone(exchange: Exchange): Phone {
  return {
    dial: async ({ to = '+15550199', from = '+15550100' } = {}) => {
      const call = exchange.createCall({ direction: 'incoming', from, to })
      const caller = new Caller(exchange, call)
      exchange.ring(call)
      return caller
    },
    nextCall: ({ to, timeoutMs = DEFAULT_WAIT_MS } = {}) =>
      new Promise((resolve, reject) => {
        const { clock } = exchange
        const unplug = exchange.addPhone((call) => {
          if (to !== undefined && call.identity.to !== to) return false
          unplug()
          cancel()
          resolve(new Caller(exchange, call))
          return true
        })
        const cancel = clock.schedule(clock.now() + timeoutMs, () => {
          unplug()
          reject(new Error(`Timed out after ${timeoutMs} ms waiting for a call${to === undefined ? '' : ` to ${to}`}.`))
        })
      }),
  }
}
