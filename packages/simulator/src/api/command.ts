/** The shape of a command, and helpers that read its validated body. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import { refusals } from './errors.ts'

export type Body = Record<string, unknown>

export type Command = {
  /** `answered`: allowed on an answered call only; `alive`: on any call that has not ended. */
  needs: 'answered' | 'alive'
} & (
  | { run(call: Call, body: Body, exchange: Exchange): void }
  /** Returns the `conversation_id` for the response. */
  | { converse(call: Call, body: Body, exchange: Exchange): string }
)

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The call whose id a field contains, or null without one. Throws a `Refusal` if it is unknown or ended. */
export function optionalCall(exchange: Exchange, id: unknown, pointer: string): Call | null {
  if (typeof id !== 'string') return null
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall(pointer)
  if (call.phase === 'ended') throw refusals.ended(pointer)
  return call
}
