/**
 * The commands of a call. The order of the checks is Telnyx's: the call exists (90015), is not over (90018), the command
 * is new (L7), its body is right, the call is in the right state (90034), and then the command's own conflicts.
 */
import type { Exchange } from '../call/exchange.ts'
import { type Command, type CommandResult, text } from './command.ts'
import { conversationCommands } from './conversation-commands.ts'
import { refusals } from './errors.ts'
import { gatherCommands } from './gather-commands.ts'
import { legCommands } from './leg-commands.ts'
import type { CommandName } from './schemas.ts'
import { soundCommands } from './sound-commands.ts'
import { validate } from './validate.ts'

export { dial } from './leg-commands.ts'

const commands: Record<Exclude<CommandName, 'dial'>, Command> = {
  ...legCommands,
  ...gatherCommands,
  ...conversationCommands,
  ...soundCommands,
  // Its `client_state` is set like any other command's; there is nothing more to it.
  client_state_update: { needs: 'alive', run: () => undefined },
}

/** Runs `command` on the call with this id, or throws a `Refusal`. */
export function runCommand(
  exchange: Exchange,
  id: string,
  command: Exclude<CommandName, 'dial'>,
  input: unknown,
): CommandResult {
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall()
  if (call.phase === 'ended') throw refusals.ended()
  const commandId = commandIdOf(input)
  const known = commandId === undefined ? null : call.commands.recall(commandId)
  if (known)
    return exchange.settings.leg.duplicateCommandAnswer === 'same' ? (known.result as CommandResult) : { result: 'ok' }
  const body = validate(command, input, exchange.settings.api.unknownFields)
  const { needs, run } = commands[command]
  if (needs === 'answered' && call.phase !== 'answered') throw refusals.unanswered(command)
  const before = call.clientState
  if (typeof body.client_state === 'string') call.clientState = body.client_state
  try {
    exchange.noteCommand(call, command, body)
    const result: CommandResult = { result: 'ok', ...run(call, body, exchange) }
    if (commandId !== undefined) call.commands.remember(commandId, result)
    return result
  } catch (error) {
    call.clientState = before
    throw error
  }
}

/** Is `name` the last part of a command's path? */
export const isCommand = (name: string): name is Exclude<CommandName, 'dial'> => Object.hasOwn(commands, name)

function commandIdOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('command_id' in input)) return undefined
  return text(input.command_id)
}
