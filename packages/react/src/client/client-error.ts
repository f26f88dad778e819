/** The errors that the client detects, with codes that a program can handle and a UI can translate. */
import type { SocketError } from '@callgather/protocol'

/**
 * The code of an error that the client detects.
 *
 * - `ticketFailed`: `getTicket` threw or rejected. `cause` is the thrown value.
 * - `ticketTimeout`: `getTicket` did not settle within 10 s.
 * - `ticketInvalid`: `getTicket` returned something that is not a ticket, such as an HTML page.
 * - `ticketExpired`: the server refused a ticket that had already expired.
 * - `serverUnreachable`: the server does not answer.
 * - `websocketBlocked`: the server answers over HTTP, but the websocket cannot be opened.
 * - `originRefused`: the server does not allow the origin of this page.
 * - `refused`: the server refused the connection. `cause` is its `SocketError`.
 * - `callbackFailed`: another callback of the host threw, such as `onFeed`.
 */
export type ClientErrorCode =
  | 'ticketFailed'
  | 'ticketTimeout'
  | 'ticketInvalid'
  | 'ticketExpired'
  | 'serverUnreachable'
  | 'websocketBlocked'
  | 'originRefused'
  | 'refused'
  | 'callbackFailed'

/** The error that explains why the connection isn't live. */
export interface ConnectionError extends SocketError {
  /** The code of an error that the client detected. Absent if the server sent the error in `status` and `code`. */
  readonly reason?: ClientErrorCode
  /** The error that `getTicket` threw, if any. */
  readonly cause?: unknown
}

/** Whether the call doesn't exist or the agent may not see it. The server doesn't distinguish the two. */
export const isDenied = ({ status }: SocketError) => status === 403 || status === 404

const marker = Symbol.for('callgather.client-error')

/** The argument of `onError`. `message` says what failed and how to fix it. Show it to developers, not to agents. */
export class GatherClientError extends Error {
  override readonly name = 'GatherClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises a `GatherClientError` by a marker: `instanceof` fails across two copies of this package. */
  static isInstance(error: unknown): error is GatherClientError {
    return error instanceof Error && marker in error
  }
}

/** Logs in a development build. Bundlers replace `process.env.NODE_ENV`; browsers have no `process`. */
function logInDevelopment(log: () => void): void {
  try {
    if (process.env.NODE_ENV !== 'production') log()
  } catch {
    // There is no `process`, so this is not a development build.
  }
}

/** Reports errors to the host's `onError`, and in development to the console. Repeats are dropped until `reset()`. */
export class ErrorReporter {
  readonly #onError: ((error: GatherClientError) => unknown) | undefined
  readonly #reported = new Set<string>()

  constructor(onError: ((error: GatherClientError) => unknown) | undefined) {
    this.#onError = onError
  }

  report(error: GatherClientError): void {
    const key = `${error.code} ${error.message}`
    if (this.#reported.has(key)) return
    this.#reported.add(key)
    logInDevelopment(() =>
      console.error(`CallGather: ${error.message}`, ...(error.cause === undefined ? [] : [error.cause])),
    )
    const onReportFailed = (thrown: unknown) => {
      logInDevelopment(() => console.error('CallGather: `onError` threw. Catch errors inside it.', thrown))
    }
    try {
      // The host's `onError` may be an async function.
      Promise.resolve(this.#onError?.(error)).catch(onReportFailed)
    } catch (thrown) {
      onReportFailed(thrown)
    }
  }

  /** Clears the list of reported errors, so that a repeated error is reported again. */
  reset(): void {
    this.#reported.clear()
  }

  /** Wraps a callback of the host, so that an error in the callback is reported and never reaches the client. */
  guard<Args extends unknown[]>(name: string, run: (...args: Args) => unknown): (...args: Args) => void {
    return (...args) => {
      try {
        run(...args)
      } catch (cause) {
        this.report(new GatherClientError('callbackFailed', `${name} threw. Catch errors inside it.`, { cause }))
      }
    }
  }
}
