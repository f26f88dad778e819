/** The conversations of a call, by an AI gather or an assistant: one that talks at most, and earlier ones whose insights are still to come. */
import { aiGather } from '../assistant/ai-gather.ts'
import { assistant } from '../assistant/assistant.ts'
import type { AiContext, AiInput } from '../assistant/input.ts'
import type { Chance } from '../clock/chance.ts'
import type { Step } from '../machine/machine.ts'
import { Runner, type RunnerWorld } from './runner.ts'

export type AiGatherParams = Parameters<typeof aiGather.start>[0]
export type AssistantParams = Parameters<typeof assistant.start>[0]

/** Which conversation to hold. */
export type ConversationStart =
  | { kind: 'ai_gather'; params: AiGatherParams }
  | { kind: 'assistant'; params: AssistantParams }

export interface Conversation {
  kind: ConversationStart['kind']
  command: string
  id: string
  /** False from `call.conversation.ended` on; insights may still follow. */
  talking: boolean
}

interface Held extends Conversation {
  runner: { feed(input: AiInput): void; alive: boolean }
}

export interface ConversationsOptions {
  chance: Chance
  callId: string
  /** What an AI knows of the call. */
  context: Pick<AiContext, 'from' | 'to' | 'settings'>
  world: RunnerWorld
}

export class Conversations {
  private readonly options: ConversationsOptions
  private held: Held[] = []
  private started = 0

  constructor(options: ConversationsOptions) {
    this.options = options
  }

  /** The one that talks. */
  get current(): Conversation | null {
    return this.held.find(({ talking }) => talking) ?? null
  }

  /** Starts one and gives its `conversation_id`. */
  start(command: string, start: ConversationStart): string {
    const { chance, callId, context, world } = this.options
    this.started += 1
    const id = chance.uuid(callId, 'conversation', this.started)
    let uuids = 0
    const ctx: AiContext = { ...context, conversation_id: id, uuid: () => chance.uuid(id, uuids++) }
    const now = world.clock.now()
    const run = <State>(first: Step<State>, step: (state: State, input: AiInput, now: number) => Step<State>) => {
      const watched: RunnerWorld = { ...world, emit: (type, payload) => this.emit(id, type, payload) }
      const runner = new Runner<State, AiInput>(watched, first, (state, input, at) =>
        // Words cannot fail to play: only files can, and an AI plays none.
        step(state, input.type === 'failed' ? { type: 'spoken' } : input, at),
      )
      this.held = this.held.filter((other) => other.runner.alive)
      this.held.push({ kind: start.kind, command, id, talking: true, runner })
      runner.begin()
    }
    if (start.kind === 'ai_gather') run(aiGather.start(start.params, ctx, now), aiGather.step)
    else run(assistant.start(start.params, ctx, now), assistant.step)
    return id
  }

  /** Gives the one that talks an input. False when there is none, or none of this kind. */
  feed(input: AiInput, kind?: Conversation['kind']): boolean {
    const talking = this.held.find((conversation) => conversation.talking)
    if (!talking || (kind && talking.kind !== kind)) return false
    talking.runner.feed(input)
    return true
  }

  /** A conversation is over once it says so, though its machine may have insights left to send. */
  private emit(id: string, type: string, payload: Record<string, unknown>): void {
    if (type === 'call.conversation.ended') for (const one of this.held) if (one.id === id) one.talking = false
    this.options.world.emit(type, payload)
  }
}
