/**
 * The commands of a call. Checks run in Telnyx's order: the call exists (90015), it has not ended (90018), the command is
 * no duplicate (rule L7), its body is valid, the call is answered (90034), then the command's own conflicts.
 */
import type { Exchange } from '../call/exchange.ts'
import { type Command, text } from './command.ts'
import { conversationCommands } from './conversation-commands.ts'
import { refusals } from './errors.ts'
import { gatherCommands } from './gather-commands.ts'
import { legCommands } from './leg-commands.ts'
import { mediaCommands } from './media-commands.ts'
import { describeIgnoredParameters } from './parameters.ts'
import { queueCommands } from './queue-commands.ts'
import type { CommandName } from './schemas.ts'
import { soundCommands } from './sound-commands.ts'
import { validate } from './validate.ts'

type CallCommandName = Exclude<CommandName, 'dial'>

/** The call commands, by the last segment of `/v2/calls/{call_control_id}/actions/…`. */
export const commands: Record<CallCommandName, Command> = {
  ...legCommands,
  ...gatherCommands,
  ...conversationCommands,
  ...soundCommands,
  ...mediaCommands,
  ...queueCommands,
  // Does nothing itself, because `runCommand` sets the `client_state` of every command.
  client_state_update: { needs: 'alive', run() {} },
}

/** The `data` object in the response to a command. */
interface CommandResult {
  result: string
  conversation_id?: string
}

/** Validates and runs a command on a call. Throws a `Refusal` if it is not allowed. */
export function runCommand(exchange: Exchange, id: string, name: CallCommandName, input: unknown): CommandResult {
  const { settings, clock } = exchange
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall()
  if (call.ending) {
    const { atMs, cause } = call.ending
    const elapsedMs = clock.now() - atMs
    const when = elapsedMs < 50 ? 'just before' : `${(elapsedMs / 1000).toFixed(1)} s earlier`
    const after = `${when} (call.hangup, ${cause})`
    const text = `${name}: the call ended ${after}. Stop sending commands after call.hangup.`
    exchange.publish({ type: 'notice', call_id: call.id, text })
    throw refusals.ended()
  }
  const commandId = commandIdOf(input)
  const previous = commandId === undefined ? undefined : call.commandResults.get(commandId)
  if (previous && previous.until > clock.now())
    return settings.leg.duplicateCommandAnswer === 'same' ? previous.result : { result: 'ok' }
  const body = validate(name, input, settings.api)
  const ignored = describeIgnoredParameters(name, body)
  if (ignored !== null) exchange.publish({ type: 'notice', call_id: call.id, text: ignored })
  const command = commands[name]
  if (command.needs === 'answered' && call.phase !== 'answered') throw refusals.unanswered()
  const previousState = call.clientState
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
    call.clientState = previousState
    throw error
  }
}

export const isCommand = (name: string): name is CallCommandName => Object.hasOwn(commands, name)

function commandIdOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('command_id' in input)) return undefined
  return text(input.command_id)
}
