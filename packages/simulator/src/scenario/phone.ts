/** Simulated phones for tests, which dial the application or receive its calls. */
import type { Exchange } from '../call/exchange.ts'
import type { Message } from '../message/message.ts'
import type { Messages } from '../message/messages.ts'
import { Caller, DEFAULT_WAIT_MS, type WaitOptions } from './caller.ts'

/** The phone numbers of a call or a message to the application. */
export interface DialOptions {
  /** Phone number of the application. Default `+15550199`. */
  to?: string | undefined
  /** Phone number of the caller. Default `+15550100`. */
  from?: string | undefined
}

/** A text message of a phone to the application. */
export interface TextOptions extends DialOptions {
  text: string
  /** Addresses of attached media, which make the message an MMS. Default: none. */
  media_urls?: readonly string[] | undefined
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
  /** Sends a text message to the application, which gets the webhook `message.received`. */
  text(message: TextOptions): Message
}

const DEFAULT_TO = '+15550199'
const DEFAULT_FROM = '+15550100'

export function createPhone(exchange: Exchange, messages: Messages): Phone {
  return {
    text: ({ to = DEFAULT_TO, from = DEFAULT_FROM, ...content }) => messages.receive({ ...content, to, from }),
    dial: async ({ to = DEFAULT_TO, from = DEFAULT_FROM } = {}) => {
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
