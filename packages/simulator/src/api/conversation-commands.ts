/** Commands for AI gathers, assistants and their participants. */
import { describeInvalidSchema } from '../assistant/conform.ts'
import type { AiInput } from '../assistant/input.ts'
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { Message } from '../machine/machine.ts'
import { type Command, optionalCall } from './command.ts'
import { refusals, refuse } from './errors.ts'
import { checkVoice } from './sound-commands.ts'

export const conversationCommands = {
  gather_using_ai: {
    needs: 'answered',
    converse(call, body, exchange) {
      checkVoice(body)
      const problem = describeInvalidSchema(body.parameters as Record<string, unknown>)
      if (problem !== undefined) throw refuse(422, '10015', problem, '/parameters')
      endActiveConversation(call, exchange)
      return call.conversations.start('ai_gather', body)
    },
  },
  ai_assistant_start: {
    needs: 'answered',
    converse(call, body, exchange) {
      if (call.conversations.current) throw refusals.assistantActive()
      if (body.voice !== undefined) checkVoice(body)
      const participants = participantsOf(exchange, body.participants ?? [], '/participants')
      const id = call.conversations.start('assistant', exchange.assistants.configure(body))
      for (const { leg, shouldEndConversation } of participants) leg.joinConversation(call, shouldEndConversation)
      return id
    },
  },
  ai_assistant_stop: {
    needs: 'answered',
    run: (call, _body, exchange) => feed(call, exchange, { type: 'stop' }),
  },
  ai_assistant_add_messages: {
    needs: 'answered',
    run(call, body, exchange) {
      const messages = body.messages as Message[]
      feed(call, exchange, { type: 'messages', messages, trigger_response: body.trigger_response === true })
    },
  },
  ai_assistant_join: {
    needs: 'answered',
    converse(_call, body, exchange) {
      const id = String(body.conversation_id)
      const host = exchange.calls().find(({ conversations }) => conversations.current?.id === id)
      if (!host) throw refuse(422, '10015', 'No conversation with this conversation_id is running.', '/conversation_id')
      for (const { leg, shouldEndConversation } of participantsOf(exchange, [body.participant], '/participant'))
        leg.joinConversation(host, shouldEndConversation)
      return id
    },
  },
} satisfies Record<string, Command>

/** Feeds an input to the active conversation. Without one, `settings.ai.noAssistant` decides (rule A9). */
function feed(call: Call, { settings }: Exchange, input: AiInput): void {
  if (!call.conversations.feed(input) && settings.ai.noAssistant === 'refuse') throw refusals.noAssistant()
}

/** Telnyx does not document whether an AI gather replaces an active conversation (rule A2). */
function endActiveConversation(call: Call, { settings }: Exchange): void {
  if (!call.conversations.current) return
  if (settings.ai.secondConversation === 'refuse') throw refusals.assistantActive()
  call.conversations.feed({ type: 'stop' })
}

/** Returns the legs of the participants in a command body. */
function participantsOf(
  exchange: Exchange,
  list: unknown,
  pointer: string,
): { leg: Call; shouldEndConversation: boolean }[] {
  const participants = list as { id: string; on_hangup?: string }[]
  return participants.flatMap(({ id, on_hangup }) => {
    const leg = optionalCall(exchange, id, `${pointer}/id`)
    return leg ? [{ leg, shouldEndConversation: on_hangup === 'end_conversation' }] : []
  })
}
