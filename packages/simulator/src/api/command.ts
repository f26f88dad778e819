/** The shape of a command, and helpers that read its validated body. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import { refusals } from './errors.ts'

export type Body = Record<string, unknown>

export type Command = {
  /** Required call state. `answered`: the call is answered; `alive`: the call has not ended. */
  needs: 'answered' | 'alive'
} & (
  | { run(call: Call, body: Body, exchange: Exchange): void }
  /** Runs a command that starts or joins a conversation. Returns the `conversation_id` for its response. */
  | { converse(call: Call, body: Body, exchange: Exchange): string }
)

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Returns the call with this id, or null if `id` is not a string. Throws a `Refusal` if the call is unknown or ended. */
export function optionalCall(exchange: Exchange, id: unknown, pointer: string): Call | null {
  if (typeof id !== 'string') return null
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall(pointer)
  if (call.phase === 'ended') throw refusals.ended(pointer)
  return call
}
