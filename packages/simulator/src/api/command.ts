/** What a command is, and how its fields are read once its body has passed its schema. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import { refuse } from './errors.ts'

/** What is in `data` of the answer. */
export interface CommandResult {
  result: string
  conversation_id?: string
}

export type Body = Record<string, unknown>

export interface Command {
  /** `answered`: only on an answered call; `alive`: on any that has not ended. */
  needs: 'answered' | 'alive'
  run(call: Call, body: Body, exchange: Exchange): Partial<CommandResult> | undefined
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Another call that a field names, when it does. */
export function optionalCall(exchange: Exchange, id: unknown, pointer: string): Call | null {
  if (typeof id !== 'string') return null
  const call = exchange.find(id)
  if (!call) throw refuse(422, '90015', 'The call_control_id provided was not valid.', pointer)
  if (call.phase === 'ended')
    throw refuse(422, '90018', "This call is no longer active and can't receive commands.", pointer)
  return call
}
