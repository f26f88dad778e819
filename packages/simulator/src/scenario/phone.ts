/** Simulated phones for tests: they dial the application or receive its calls. */
import type { Exchange } from '../call/exchange.ts'
import { Caller, DEFAULT_WAIT_MS, type WaitOptions } from './caller.ts'

/** The numbers of a call. */
export interface DialOptions {
  /** The number of the application. Default `+15550199`. */
  to?: string | undefined
  /** The caller's own number. Default `+15550100`. */
  from?: string | undefined
}

/** Dials calls to the application and receives its calls. */
export interface Phone {
  /** Calls the application. Resolves while the call rings; use `caller.answered()` to wait for the answer. */
  dial(options?: DialOptions): Promise<Caller>
  /**
   * Waits for a call from the application (`POST /calls`, `transfer`) to `to`, or to any number. It rings until it is
   * answered or declined. A call without a waiting phone goes to the stand-in callee.
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
