/**
 * The commands of a call. The order of the checks is Telnyx's: the call exists (90015), is not over (90018), the command
 * is new (L7), its body is right, the call is in the right state (90034), and then the command's own conflicts.
 */
import type { Exchange } from '../call/exchange.ts'
import { type Command, text } from './command.ts'
import { conversationCommands } from './conversation-commands.ts'
import { refusals } from './errors.ts'
import { gatherCommands } from './gather-commands.ts'
import { legCommands } from './leg-commands.ts'
import type { CommandName } from './schemas.ts'
import { soundCommands } from './sound-commands.ts'
import { validate } from './validate.ts'

type CallCommandName = Exclude<CommandName, 'dial'>

/** By the last part of `/v2/calls/{call_control_id}/actions/…`. */
export const commands: Record<CallCommandName, Command> = {
  ...legCommands,
  ...gatherCommands,
  ...conversationCommands,
  ...soundCommands,
  // Its `client_state` is set like any other command's; there is nothing more to it.
  client_state_update: { needs: 'alive', run() {} },
}

/** What is in `data` of the answer. */
interface CommandResult {
  result: string
  conversation_id?: string
}

/** Runs a command on the call with this id, or throws a `Refusal`. */
export function runCommand(exchange: Exchange, id: string, name: CallCommandName, input: unknown): CommandResult {
  const { settings, clock } = exchange
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall()
  if (call.phase === 'ended') throw refusals.ended()
  const commandId = commandIdOf(input)
  const known = commandId === undefined ? undefined : call.commandResults.get(commandId)
  if (known && known.until > clock.now())
    return settings.leg.duplicateCommandAnswer === 'same' ? known.result : { result: 'ok' }
  const body = validate(name, input, settings.api.unknownFields)
  const command = commands[name]
  if (command.needs === 'answered' && call.phase !== 'answered') throw refusals.unanswered(name)
  const before = call.clientState
  if (typeof body.client_state === 'string') call.clientState = body.client_state
  try {
    exchange.recordCommand(call, name, body)
    const result: CommandResult = { result: 'ok' }
    if ('converse' in command) result.conversation_id = command.converse(call, body, exchange)
    else command.run(call, body, exchange)
    if (commandId !== undefined)
      call.commandResults.set(commandId, { until: clock.now() + settings.leg.commandIdMemoryMs, result })
    return result
  } catch (error) {
    call.clientState = before
    throw error
  }
}

export const isCommand = (name: string): name is CallCommandName => Object.hasOwn(commands, name)

function commandIdOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('command_id' in input)) return undefined
  return text(input.command_id)
}
