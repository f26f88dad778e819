/** The telephones around the simulator, for tests: those that dial in, and those that are called. */
import type { Exchange } from '../call/exchange.ts'
import { Caller, USUAL_WAIT_MS, type WaitOptions } from './caller.ts'

/** Who calls whom. */
export interface DialOptions {
  /** The number of the application. Default `+15550199`. */
  to?: string | undefined
  /** The caller's own number. Default `+15550100`. */
  from?: string | undefined
}

/** The telephones: one dials in, one is called. */
export interface Phone {
  /** Calls the application. Resolves at once, while it rings; see `caller.answered()`. */
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
    nextCall: ({ to, timeoutMs = USUAL_WAIT_MS } = {}) =>
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
          reject(new Error(`No call came${to === undefined ? '' : ` for ${to}`} within ${timeoutMs} ms.`))
        })
      }),
  }
}
