/** The conversations of a call: at most one active AI gather or assistant, and ended conversations with pending insights. */
import { aiGather } from '../assistant/ai-gather.ts'
import { assistant } from '../assistant/assistant.ts'
import type { AiContext, AiInput } from '../assistant/input.ts'
import type { Chance } from '../clock/chance.ts'
import type { Step } from '../machine/machine.ts'
import { Runner, type RunnerDeps } from './runner.ts'

interface Conversation {
  kind: 'ai_gather' | 'assistant'
  /** Name of the command that started this conversation. */
  command: string
  id: string
  /** False after `call.conversation.ended`; insights may still follow. */
  isActive: boolean
  runner: { feed(input: AiInput): void; isAlive: boolean }
}

interface ConversationsOptions {
  chance: Chance
  callId: string
  /** Facts about the call that the AI may use. */
  context: Pick<AiContext, 'from' | 'to' | 'settings'>
  deps: RunnerDeps
}

export class Conversations {
  private readonly options: ConversationsOptions
  private conversations: Conversation[] = []
  private startedCount = 0

  constructor(options: ConversationsOptions) {
    this.options = options
  }

  /** The active conversation, or null. */
  get current(): Conversation | null {
    return this.conversations.find(({ isActive }) => isActive) ?? null
  }

  /** Starts a conversation with the body of its command. Returns its `conversation_id`. */
  start(kind: Conversation['kind'], params: Record<string, unknown>): string {
    const { chance, callId, context, deps } = this.options
    this.startedCount += 1
    const id = chance.uuid(callId, 'conversation', this.startedCount)
    let uuids = 0
    const ctx: AiContext = { ...context, conversation_id: id, uuid: () => chance.uuid(id, uuids++) }
    const emit = (type: string, payload: Record<string, unknown>) => {
      // The conversation ends with this event, although its machine may still send insights.
      if (type === 'call.conversation.ended')
        for (const each of this.conversations) if (each.id === id) each.isActive = false
      deps.emit(type, payload)
    }
    const run = <State>(machine: {
      start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<State>
      step(state: State, input: AiInput, now: number): Step<State>
    }) => {
      const first = machine.start(params, ctx, deps.clock.now())
      const runner = new Runner<State, AiInput>({ ...deps, emit }, first, (state, input, now) =>
        // Only media files can fail to play, and an AI machine plays only speech.
        machine.step(state, input.type === 'sound-failed' ? { type: 'sound-ended' } : input, now),
      )
      const command = kind === 'ai_gather' ? 'gather_using_ai' : 'ai_assistant_start'
      this.conversations = this.conversations.filter((other) => other.runner.isAlive)
      this.conversations.push({ kind, command, id, isActive: true, runner })
      runner.begin()
    }
    if (kind === 'ai_gather') run(aiGather)
    else run(assistant)
    return id
  }

  /** Feeds an input to the active conversation. Returns false if no conversation is active. */
  feed(input: AiInput): boolean {
    const { current } = this
    current?.runner.feed(input)
    return current !== null
  }
}
