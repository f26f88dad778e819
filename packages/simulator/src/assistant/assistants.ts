/** The assistants of `/v2/ai/assistants`, and the configuration that they add to a command with their id. */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { Message } from '../machine/machine.ts'
import { DEFAULT_LLM_MODEL, record, string } from './conversation.ts'

/** A stored assistant, in the shape of Telnyx's API. */
export interface StoredAssistant extends Record<string, unknown> {
  id: string
  name: string
  instructions: string
  model: string
}

/** The fields of an assistant that a request sets. */
export type AssistantFields = Record<string, unknown> & { name: string; instructions: string }

/** The fields of a stored assistant that the `assistant` object of a command can override. */
const OVERRIDABLE = ['instructions', 'greeting', 'model', 'tools'] as const

/** Bounds the memory of a simulator that runs for days. */
const MAX_CHATS = 5000

export class Assistants {
  private readonly clock: Clock
  private readonly chance: Chance
  private readonly byId = new Map<string, StoredAssistant>()
  private readonly chats = new Map<string, readonly Message[]>()
  private count = 0

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock
    this.chance = chance
  }

  /** Returns the stored assistants, oldest first. */
  list(): StoredAssistant[] {
    return [...this.byId.values()]
  }

  find(id: string): StoredAssistant | undefined {
    return this.byId.get(id)
  }

  create(fields: AssistantFields): StoredAssistant {
    this.count += 1
    const created_at = this.time()
    const assistant = {
      description: '',
      greeting: '',
      model: DEFAULT_LLM_MODEL,
      tools: [],
      enabled_features: ['telephony'],
      dynamic_variables: {},
      ...fields,
      id: `assistant-${this.chance.uuid('assistant', this.count)}`,
      created_at,
      version_id: this.chance.uuid('assistant', this.count, 'version'),
      version_created_at: created_at,
    }
    this.byId.set(assistant.id, assistant)
    return assistant
  }

  update({ id }: StoredAssistant, fields: Record<string, unknown>): StoredAssistant {
    const assistant = { ...this.byId.get(id), ...fields, id, version_created_at: this.time() } as StoredAssistant
    this.byId.set(id, assistant)
    return assistant
  }

  delete(id: string): void {
    this.byId.delete(id)
  }

  /** Appends a message to the chat of this assistant with this `conversation_id`. Returns the whole chat. */
  addToChat(assistantId: string, conversationId: string, message: Message): readonly Message[] {
    const key = `${assistantId} ${conversationId}`
    const chat = [...(this.chats.get(key) ?? []), message]
    this.chats.set(key, chat)
    const [oldest] = this.chats.keys()
    if (oldest !== undefined && this.chats.size > MAX_CHATS) this.chats.delete(oldest)
    return chat
  }

  /**
   * Adds the configuration of a stored assistant to the body of a command with its id. Values in the body take
   * precedence. Returns the body unchanged if no assistant has this id.
   */
  configure(body: Record<string, unknown>): Record<string, unknown> {
    const command = record(body.assistant)
    const stored = this.byId.get(string(command.id) ?? '')
    if (!stored) return body
    const own = Object.fromEntries(OVERRIDABLE.map((name) => [name, command[name] ?? stored[name]]))
    const voice = string(body.voice) ?? string(record(stored.voice_settings).voice)
    return {
      interruption_settings: stored.interruption_settings,
      transcription: stored.transcription,
      ...body,
      ...(voice === undefined ? {} : { voice }),
      assistant: {
        ...command,
        ...own,
        dynamic_variables: { ...record(stored.dynamic_variables), ...record(command.dynamic_variables) },
      },
    }
  }

  private time(): string {
    return new Date(this.clock.now()).toISOString()
  }
}
