/** What this client finds wrong by itself: typed, so that a program can react to it and a UI can translate it. */
import type { SocketError } from '@callgather/protocol'

/**
 * A cause that the client found.
 *
 * - `ticketFailed`: `getTicket` threw or rejected. `cause` is what it threw.
 * - `ticketTimeout`: `getTicket` did not settle before its deadline.
 * - `ticketInvalid`: `getTicket` returned something that is not a ticket, such as an HTML page.
 * - `ticketExpired`: the server refused a ticket that had already expired.
 * - `serverUnreachable`: the server does not answer.
 * - `websocketBlocked`: the server answers over HTTP, but the websocket cannot be opened.
 * - `originRefused`: the server answers, but not to this page: its origin is not allowed.
 * - `refused`: the server refused the connection. `cause` is its `SocketError`.
 * - `callbackFailed`: another function of the host threw, such as `onFeed`.
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

/** Why the connection is not live. */
export interface ConnectionError extends SocketError {
  /** The cause, where this client found it. Absent where the server gave the reason in `status` and `code`. */
  readonly reason?: ClientErrorCode
  /** What `getTicket` threw. */
  readonly cause?: unknown
}

/** Whether an error says that the agent may not see this, or that it does not exist; the server does not tell which. */
export const isDenied = ({ status }: SocketError) => status === 403 || status === 404

const marker = Symbol.for('callgather.client-error')

/** What `onError` is called with. `message` says what failed and how to fix it: for developers, not for agents. */
export class GatherClientError extends Error {
  override readonly name = 'GatherClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises the error by its mark: `instanceof` fails where two copies of a package meet. */
  static isInstance(error: unknown): error is GatherClientError {
    return error instanceof Error && marker in error
  }
}

/** Whether a developer is looking: bundlers replace `process.env.NODE_ENV`, and browsers have no `process`. */
function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production'
  } catch {
    return false
  }
}

/** Reports errors to the host, and in development to the console; the same cause once until `recovered`. */
export class ErrorReports {
  readonly #onError: ((error: GatherClientError) => unknown) | undefined
  readonly #reported = new Set<string>()

  constructor(onError: ((error: GatherClientError) => unknown) | undefined) {
    this.#onError = onError
  }

  report(error: GatherClientError): void {
    const cause = `${error.code} ${error.message}`
    if (this.#reported.has(cause)) return
    this.#reported.add(cause)
    if (isDevelopment())
      console.error(`CallGather: ${error.message}`, ...(error.cause === undefined ? [] : [error.cause]))
    const failed = (thrown: unknown) => {
      if (isDevelopment()) console.error('CallGather: onError failed itself. Catch errors inside of it.', thrown)
    }
    try {
      // It may be an async function, although nothing waits for it.
      Promise.resolve(this.#onError?.(error)).catch(failed)
    } catch (thrown) {
      failed(thrown)
    }
  }

  /** What is reported from now on is news again. */
  recovered(): void {
    this.#reported.clear()
  }

  /** Calls a function of the host that has no say in what happens next. */
  guard<Args extends unknown[]>(name: string, run: (...args: Args) => unknown): (...args: Args) => void {
    return (...args) => {
      try {
        run(...args)
      } catch (cause) {
        this.report(new GatherClientError('callbackFailed', `${name} threw. Catch errors inside of it.`, { cause }))
      }
    }
  }
}
