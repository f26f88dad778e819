import type { SocketError } from '@callgather/protocol'

const marker = Symbol.for('callgather.watch-error')

/** The server refused the subscription to a call or to the list of calls. `reason` is its error. */
export class WatchError extends Error {
  override readonly name = 'WatchError'
  /** The call; `null` for the list of calls. */
  readonly callId: string | null
  readonly reason: SocketError

  constructor(callId: string | null, reason: SocketError) {
    super(`${reason.code} ${reason.title}${reason.detail ? `: ${reason.detail}` : ''}`)
    this.callId = callId
    this.reason = reason
    Object.defineProperty(this, marker, { value: true })
  }

  /** Checks for a marker, because `instanceof` fails across two copies of the package. */
  static isInstance(error: unknown): error is WatchError {
    return error instanceof Error && marker in error
  }
}
