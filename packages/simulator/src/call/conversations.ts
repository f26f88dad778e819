/** The conversations of a call, by an AI gather or an assistant: one that talks at most, and earlier ones whose insights are still to come. */
import { aiGather } from '../assistant/ai-gather.ts'
import { assistant } from '../assistant/assistant.ts'
import type { AiContext, AiInput } from '../assistant/input.ts'
import type { Chance } from '../clock/chance.ts'
import type { Step } from '../machine/machine.ts'
import { Runner, type RunnerDeps } from './runner.ts'

interface Conversation {
  kind: 'ai_gather' | 'assistant'
  /** The command that started it. */
  command: string
  id: string
  /** False from `call.conversation.ended` on; insights may still follow. */
  isActive: boolean
  runner: { feed(input: AiInput): void; isAlive: boolean }
}

interface ConversationsOptions {
  chance: Chance
  callId: string
  /** What an AI knows of the call. */
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

  /** The one that talks. */
  get current(): Conversation | null {
    return this.conversations.find(({ isActive: talking }) => talking) ?? null
  }

  /** Starts one with the body of its command, and gives its `conversation_id`. */
  start(kind: Conversation['kind'], params: Record<string, unknown>): string {
    const { chance, callId, context, deps: world } = this.options
    this.startedCount += 1
    const id = chance.uuid(callId, 'conversation', this.startedCount)
    let uuids = 0
    const ctx: AiContext = { ...context, conversation_id: id, uuid: () => chance.uuid(id, uuids++) }
    const emit = (type: string, payload: Record<string, unknown>) => {
      // A conversation is over once it says so, though its machine may have insights left to send.
      if (type === 'call.conversation.ended')
        for (const one of this.conversations) if (one.id === id) one.isActive = false
      world.emit(type, payload)
    }
    const run = <State>(machine: {
      start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<State>
      step(state: State, input: AiInput, now: number): Step<State>
    }) => {
      const first = machine.start(params, ctx, world.clock.now())
      const runner = new Runner<State, AiInput>({ ...world, emit }, first, (state, input, now) =>
        // Words cannot fail to play: only files can, and an AI plays none.
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

  /** Gives the one that talks an input. False when there is none. */
  feed(input: AiInput): boolean {
    const { current } = this
    current?.runner.feed(input)
    return current !== null
  }
}
