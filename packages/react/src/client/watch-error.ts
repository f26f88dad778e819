import type { SocketError } from '@callgather/protocol'

const marker = Symbol.for('callgather.watch-error')

/** The error of a subscription that the server refused. `reason` is the server's error. */
export class WatchError extends Error {
  override readonly name = 'WatchError'
  /** The `call_control_id` of the refused call; `null` for the list of calls. */
  readonly callId: string | null
  readonly reason: SocketError

  constructor(callId: string | null, reason: SocketError) {
    super(`${reason.code} ${reason.title}${reason.detail ? `: ${reason.detail}` : ''}`)
    this.callId = callId
    this.reason = reason
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises a `WatchError` by a marker: `instanceof` fails across two copies of this package. */
  static isInstance(error: unknown): error is WatchError {
    return error instanceof Error && marker in error
  }
}
