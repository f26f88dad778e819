/** Assistants under `/v2/ai/assistants`. Telnyx returns them without a `data` envelope. */
import type { AssistantFields, StoredAssistant } from '../assistant/assistants.ts'
import { toChatMessages } from '../assistant/chat.ts'
import { askModel } from '../call/ask-model.ts'
import type { Exchange } from '../call/exchange.ts'
import type { Message } from '../machine/machine.ts'
import { simulatedReply } from './completion.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals, refuse } from './errors.ts'
import { list, nonEmptyText, object, oneOf, record, text } from './fields.ts'
import { json } from './http.ts'
import { createValidator } from './validate.ts'

const fields = {
  name: nonEmptyText,
  instructions: text,
  model: text,
  description: text,
  greeting: text,
  tools: list(object({ type: text }, 'type')),
  enabled_features: list(oneOf('telephony', 'messaging')),
  dynamic_variables: record,
  voice_settings: object({ voice: nonEmptyText }),
  transcription: record,
  interruption_settings: record,
}
const validateNew = createValidator(object(fields, 'name', 'instructions'))
const validateChange = createValidator(object(fields))
const validateChat = createValidator(
  object({ content: nonEmptyText, conversation_id: nonEmptyText, name: text }, 'content', 'conversation_id'),
)

export function assistantEndpoints(exchange: Exchange): Endpoints {
  const { assistants, settings } = exchange
  const { undocumentedValues } = settings.api
  const respond = (assistant: StoredAssistant) => ({ response: json(200, assistant) })
  const require = (id: string): StoredAssistant => {
    const assistant = assistants.find(id)
    if (!assistant) throw refusals.notFound()
    return assistant
  }
  return {
    'GET /v2/ai/assistants': () => ({ data: assistants.list() }),
    'POST /v2/ai/assistants': ({ body }) =>
      respond(assistants.create(validateNew(body, undocumentedValues) as AssistantFields)),
    'GET /v2/ai/assistants/:id': ({ id }) => respond(require(id)),
    'POST /v2/ai/assistants/:id': ({ id, body }) =>
      respond(assistants.update(require(id), validateChange(body, undocumentedValues))),
    'DELETE /v2/ai/assistants/:id': ({ id }) => {
      assistants.delete(require(id).id)
      return { response: json(200, { id, object: 'assistant', deleted: true }) }
    },
    'POST /v2/ai/assistants/:id/clone': ({ id }) => {
      const { name, ...copy } = require(id)
      return respond(assistants.create({ ...copy, name: `${name} (copy)` }))
    },
    'POST /v2/ai/assistants/:id/chat': async ({ id, body }) => {
      const assistant = require(id)
      const { content, conversation_id } = validateChat(body, undocumentedValues)
      const add = (role: 'user' | 'assistant', content: string) =>
        assistants.addToChat(id, String(conversation_id), { role, content })
      const chat = add('user', String(content))
      const reply = await answer(exchange, assistant, chat)
      add('assistant', reply)
      return { response: json(200, { content: reply }) }
    },
  }
}

/** Replies to a chat: with the model of the settings, or a sentence that says that it is simulated. */
async function answer(
  exchange: Exchange,
  { model, instructions }: StoredAssistant,
  chat: readonly Message[],
): Promise<string> {
  const endpoint = exchange.settings.ai.model
  if (!endpoint) return simulatedReply(chat)
  const reply = await askModel(endpoint, { model, messages: toChatMessages(instructions, chat), tools: [] })
  if (reply.ok) return reply.content
  exchange.publish({ type: 'notice', call_id: null, text: reply.error })
  throw refuse(502, '10007', reply.error)
}
