/** What a command is, and how its fields are read once its body has passed its schema. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import { refusals } from './errors.ts'

export type Body = Record<string, unknown>

export type Command = {
  /** `answered`: only on an answered call; `alive`: on any that has not ended. */
  needs: 'answered' | 'alive'
} & (
  | { run(call: Call, body: Body, exchange: Exchange): void }
  /** Gives the `conversation_id` of the answer. */
  | { converse(call: Call, body: Body, exchange: Exchange): string }
)

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Another call that a field names, when it does. */
export function optionalCall(exchange: Exchange, id: unknown, pointer: string): Call | null {
  if (typeof id !== 'string') return null
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall(pointer)
  if (call.phase === 'ended') throw refusals.ended(pointer)
  return call
}
