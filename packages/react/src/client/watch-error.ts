import type { SocketError } from '@callgather/protocol'

const marker = Symbol.for('callgather.watch-error')

/** A call, or the list of calls, may not be watched. `reason` is the server's word on it. */
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

  /** Recognises the error by its mark: `instanceof` fails where two copies of a package meet. */
  static isInstance(error: unknown): error is WatchError {
    return error instanceof Error && marker in error
  }
}
