/** The AI gather, the assistant, and who else takes part. */
import { parametersProblem } from '../assistant/conform.ts'
import type { Call } from '../call/call.ts'
import type { AiGatherParams, AssistantParams } from '../call/conversations.ts'
import type { Exchange } from '../call/exchange.ts'
import type { Message } from '../machine/machine.ts'
import { type Command, optionalCall } from './command.ts'
import { refusals, refuse } from './errors.ts'
import { checkVoice } from './sound-commands.ts'

export const conversationCommands = {
  gather_using_ai: {
    needs: 'answered',
    run(call, body, exchange) {
      checkVoice(body)
      const problem = parametersProblem(body.parameters as Record<string, unknown>)
      if (problem !== undefined) throw refuse(422, '10015', problem, '/parameters')
      makeRoom(call, exchange)
      return {
        conversation_id: call.conversations.start('gather_using_ai', {
          kind: 'ai_gather',
          params: body as AiGatherParams,
        }),
      }
    },
  },
  ai_assistant_start: {
    needs: 'answered',
    run(call, body, exchange) {
      if (call.conversations.current) throw refusals.assistantActive()
      checkVoice(body)
      const participants = participantsOf(exchange, body.participants ?? [], '/participants')
      const params = body as AssistantParams
      const conversation_id = call.conversations.start('ai_assistant_start', { kind: 'assistant', params })
      for (const { leg, endsIt } of participants) leg.joinConversation(call, endsIt)
      return { conversation_id }
    },
  },
  ai_assistant_stop: {
    needs: 'answered',
    run(call, _body, exchange) {
      if (!call.conversations.feed({ type: 'stop' }) && exchange.settings.ai.noAssistant === 'refuse')
        throw refusals.noAssistant()
      return undefined
    },
  },
  ai_assistant_add_messages: {
    needs: 'answered',
    run(call, body, exchange) {
      const added = call.conversations.feed({
        type: 'messages',
        messages: body.messages as Message[],
        trigger_response: body.trigger_response === true,
      })
      if (!added && exchange.settings.ai.noAssistant === 'refuse') throw refusals.noAssistant()
      return undefined
    },
  },
  ai_assistant_join: {
    needs: 'answered',
    run(_call, body, exchange) {
      const id = String(body.conversation_id)
      const host = exchange.calls().find(({ conversations }) => conversations.current?.id === id)
      if (!host) throw refuse(422, '10015', 'No conversation with this conversation_id is running.', '/conversation_id')
      for (const { leg, endsIt } of participantsOf(exchange, [body.participant], '/participant'))
        leg.joinConversation(host, endsIt)
      return { conversation_id: id }
    },
  },
} satisfies Record<string, Command>

/** A2: whether an AI gather may push another conversation aside is not documented. */
function makeRoom(call: Call, { settings }: Exchange): void {
  if (!call.conversations.current) return
  if (settings.ai.secondConversation === 'refuse') throw refusals.assistantActive()
  call.conversations.feed({ type: 'stop' })
}

/** The other legs of a conversation. */
function participantsOf(exchange: Exchange, list: unknown, pointer: string): { leg: Call; endsIt: boolean }[] {
  const participants = list as { id: string; on_hangup?: string }[]
  return participants.flatMap(({ id, on_hangup }) => {
    const leg = optionalCall(exchange, id, `${pointer}/id`)
    return leg ? [{ leg, endsIt: on_hangup === 'end_conversation' }] : []
  })
}
