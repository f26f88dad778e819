/**
 * `gather_using_ai` as a state machine: asks for each property of the JSON Schema in turn, listens, corrects itself, and
 * ends when every required property is in and Ajv says the result conforms.
 *
 * One turn goes: caller's words → `understand` → answers into the draft → webhooks if asked for → the next question. The
 * machine has no clock (time comes in with each input) and no randomness.
 */
import type { AiContext, AiInput, Effect, Message, Step } from '../machine.ts'
import {
  type Conversation,
  created,
  ended,
  messagesOf,
  openConversation,
  record,
  spokenHistory,
  string,
} from './conversation.ts'
import { anotherItem, dateAloud, hint, missingHalf, question, readBack, timeAloud } from './questions.ts'
import { problems } from './schema/conform.ts'
import { assemble, type Draft } from './schema/draft.ts'
import { type JsonSchema, requiredOf } from './schema/json-schema.ts'
import { type Slot, type Walk, walk } from './schema/slots.ts'
import type { Fragment } from './understand/answers.ts'
import { plainAnswer } from './understand/free-text.ts'
import { intentOf } from './understand/intents.ts'
import { understand, understandNamed } from './understand/turn.ts'
import { findYesNo } from './understand/yes-no.ts'
import { obey } from './whispers.ts'

/** The body of `gather_using_ai`, as the API has validated it. */
export type AiGatherParams = Record<string, unknown>

/** Everything the machine remembers. */
export interface AiGatherState {
  readonly ctx: AiContext
  readonly conversation: Conversation
  readonly options: Options
  /** `opening`: nothing said yet and no greeting; `closing`: the ended speech is being said. */
  phase: 'opening' | 'speaking' | 'listening' | 'closing' | 'ended'
  /** What follows when the present speech is over. */
  next: 'ask' | 'listen'
  history: readonly Message[]
  draft: Draft
  /** Halves of date-times heard so far. */
  fragments: Readonly<Record<string, Fragment>>
  /** How many items each array of objects has. */
  items: Readonly<Record<string, number>>
  /** What was asked last: a slot, or another item of a group. */
  asked: { slot: string } | { another: string } | undefined
  /** Optional slots passed over, groups that are complete. */
  passed: readonly string[]
  /** Slots a rule across properties made required. */
  forced: readonly string[]
  refusals: Readonly<Record<string, number>>
  confusions: Readonly<Record<string, number>>
  silences: number
  /** Times the finished result was found not to conform. */
  rejected: number
  turn: number
  /** Whispers not yet acted on. */
  whispers: readonly string[]
  outcome: Outcome | undefined
}

interface Options {
  parameters: JsonSchema
  partialResults: boolean
  historyUpdates: boolean
  responseTimeoutMs: number
  interruptible: boolean
  endedSpeech: string | undefined
}

interface Outcome {
  status: 'valid' | 'invalid' | 'client_error'
  result: Record<string, unknown> | null
  reason: string | null
}

const answerTimer = 'user-response'
const openingTimer = 'opening'
const defaultResponseTimeoutMs = 10_000
const mostRejections = 3

/** A gather in the making: the state so far and the effects it has led to. */
interface Draw {
  state: AiGatherState
  effects: Effect[]
}

/** The AI gather machine. */
export const aiGather = {
  start(params: AiGatherParams, ctx: AiContext, now: number): Step<AiGatherState> {
    const draw: Draw = { state: initial(params, ctx, now), effects: [] }
    const { state } = draw
    if (ctx.settings.emitConversationCreated) draw.effects.push(created(state.conversation))
    const greeting = string(params.greeting)
    set(draw, { asked: nextQuestion(draw.state) })
    if (greeting !== undefined) {
      speak(draw, plainSpeech(greeting), 'greeting', /\?/.test(greeting) ? 'listen' : 'ask')
    } else if (state.history.some(({ role }) => role === 'user' || role === 'assistant') || state.asked === undefined) {
      ask(draw, '', now)
    } else {
      const pause = ctx.settings.openingPauseMs ?? state.options.responseTimeoutMs
      draw.effects.push({ do: 'wake', after: pause, name: openingTimer })
    }
    return draw
  },

  step(state: AiGatherState, input: AiInput, now: number): Step<AiGatherState> {
    const draw: Draw = { state, effects: [] }
    if (state.phase === 'ended') return draw
    switch (input.type) {
      case 'said':
        said(draw, input.text, now)
        break
      case 'spoken':
        spoken(draw, now)
        break
      case 'woke':
        woke(draw, input.name, now)
        break
      case 'messages':
        told(draw, input.messages, input.trigger_response, now)
        break
      case 'stop':
        leave(draw, state.ctx.settings.endedReason.stopped, now)
        break
      case 'hangup':
        leave(draw, state.ctx.settings.endedReason.hangup, now)
        break
      case 'key':
      case 'model':
        // Keys are the call's own affair (`call.dtmf.received`); the conversation is by voice.
        break
    }
    return draw
  },
}

function initial(params: AiGatherParams, ctx: AiContext, now: number): AiGatherState {
  const timeout = params.user_response_timeout_ms
  return {
    ctx,
    conversation: openConversation(params, ctx, now),
    options: {
      parameters: record(params.parameters),
      partialResults: params.send_partial_results === true,
      historyUpdates: params.send_message_history_updates === true,
      responseTimeoutMs: typeof timeout === 'number' && timeout > 0 ? timeout : defaultResponseTimeoutMs,
      interruptible: record(params.interruption_settings).enable !== false,
      endedSpeech: string(params.gather_ended_speech),
    },
    phase: 'opening',
    next: 'listen',
    history: messagesOf(params.message_history).map(({ role, content }) => ({
      role,
      ...(content === undefined ? {} : { content }),
    })),
    draft: {},
    fragments: {},
    items: {},
    asked: undefined,
    passed: [],
    forced: [],
    refusals: {},
    confusions: {},
    silences: 0,
    rejected: 0,
    turn: 0,
    whispers: [],
    outcome: undefined,
  }
}

// The inputs.

function said(draw: Draw, text: string, now: number): Draw {
  const { phase, options } = draw.state
  if (phase === 'closing' || text.trim() === '') return draw
  if (phase === 'speaking') {
    if (!options.interruptible) return draw
    draw.effects.push({ do: 'silence' })
  }
  draw.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  set(draw, { phase: 'listening', silences: 0, turn: draw.state.turn + 1 })
  remember(draw, { role: 'user', content: text.trim() })
  return answer(draw, text.trim(), now)
}

function spoken(draw: Draw, now: number): Draw {
  const { phase, next, options } = draw.state
  if (phase === 'closing') return finish(draw, now)
  if (phase !== 'speaking') return draw
  if (next === 'ask') return ask(draw, '', now)
  set(draw, { phase: 'listening' })
  draw.effects.push({ do: 'wake', after: options.responseTimeoutMs, name: answerTimer })
  return draw
}

function woke(draw: Draw, name: string, now: number): Draw {
  const { phase, silences, ctx } = draw.state
  if (name === openingTimer && phase === 'opening') return ask(draw, '', now)
  if (name !== answerTimer || phase !== 'listening') return draw
  if (silences + 1 >= ctx.settings.silencesBeforeGivingUp) {
    const lost = ctx.settings.gaveUpStatus === 'client_error'
    set(draw, {
      outcome: {
        status: ctx.settings.gaveUpStatus,
        result: lost ? null : collected(draw.state),
        reason: ctx.settings.endedReason.gaveUp,
      },
    })
    return finish(draw, now)
  }
  set(draw, { silences: silences + 1 })
  return ask(draw, silences === 0 ? 'Are you still there?' : 'I am afraid I cannot hear you.', now)
}

/** Messages added from outside: what they name fills fields, what they order is done in the next reply. */
function told(draw: Draw, messages: readonly Message[], respond: boolean, now: number): Draw {
  if (draw.state.phase === 'closing') return draw
  set(draw, { turn: draw.state.turn + 1 })
  const filled: { slot: Slot; value: unknown; corrected: boolean }[] = []
  for (const { role, content } of messages) {
    if (content === undefined || content.trim() === '') continue
    if (role === 'user' || role === 'assistant') set(draw, { history: [...draw.state.history, { role, content }] })
    if (role === 'assistant' || role === 'tool') continue
    const named = understandNamed(content, contextOf(draw.state, now))
    if (named.length === 0) set(draw, { whispers: [...draw.state.whispers, content] })
    filled.push(...named)
    keep(draw, named)
  }
  if (messages.length > 0 && draw.state.ctx.settings.updateAfterAddMessages) historyUpdated(draw)
  if (filled.length > 0) partialResults(draw)
  if (!respond && !isComplete(draw.state)) return draw
  const { phase } = draw.state
  if (phase === 'speaking') draw.effects.push({ do: 'silence' })
  draw.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  return ask(draw, filled.length > 0 && draw.state.ctx.settings.readBack ? readBack(filled, draw.state.turn) : '', now)
}

/** Stopped or hung up: what was collected goes out at once. */
function leave(draw: Draw, reason: string | null, now: number): Draw {
  const { outcome, phase } = draw.state
  if (phase === 'speaking' || phase === 'closing') draw.effects.push({ do: 'silence' })
  draw.effects.push({ do: 'unwake', name: answerTimer }, { do: 'unwake', name: openingTimer })
  set(draw, {
    outcome:
      outcome === undefined ? { status: 'invalid', result: collected(draw.state), reason } : { ...outcome, reason },
  })
  return finish(draw, now)
}

// One turn of the caller.

function answer(draw: Draw, text: string, now: number): Draw {
  const { asked } = draw.state
  if (asked !== undefined && 'another' in asked) return answerAnother(draw, asked.another, text, now)
  const context = contextOf(draw.state, now)
  const turn = understand(text, context)
  const slot = context.asked
  switch (turn.intent) {
    case 'repeat':
      return ask(draw, '', now)
    case 'hold':
      return speak(draw, 'Of course, take your time.', 'reply', 'listen')
    case 'why':
      return ask(
        draw,
        slot?.description === undefined
          ? 'I need it to complete your request.'
          : `I am asking for this: ${slot.description.replace(/[.?]*$/, '.')}`,
        now,
      )
    case 'wrong':
      return takeBack(draw, now)
    case 'refusal':
    case 'none-left':
      return slot === undefined ? ask(draw, '', now) : refused(draw, slot, now)
    case 'answers':
      break
  }
  if (turn.fragment !== undefined)
    set(draw, { fragments: { ...draw.state.fragments, [turn.fragment.slot.id]: turn.fragment.fragment } })
  if (turn.answers.length > 0) {
    keep(draw, turn.answers)
    partialResults(draw)
    return ask(draw, draw.state.ctx.settings.readBack ? readBack(turn.answers, draw.state.turn) : '', now)
  }
  if (turn.fragment !== undefined) return askOtherHalf(draw, turn.fragment.fragment)
  if (plainAnswer(text) === '') return ask(draw, '', now)
  return confused(draw, slot, turn.problem, now)
}

function answerAnother(draw: Draw, group: string, text: string, now: number): Draw {
  const none = intentOf(text) === 'none-left' || findYesNo(text)[0]?.value === false
  if (none) {
    set(draw, { passed: [...draw.state.passed, group] })
    return ask(draw, '', now)
  }
  set(draw, {
    items: { ...draw.state.items, [group]: (walked(draw.state).groups.find(({ id }) => id === group)?.count ?? 1) + 1 },
  })
  set(draw, { asked: nextQuestion(draw.state) })
  if (/^(?:yes|yeah|yep|sure|and|also|there is|one more)?[\s,.!]*$/i.test(text.trim()) || plainAnswer(text) === '')
    return ask(draw, '', now)
  return answer(draw, text.replace(/^(?:yes|yeah|yep|sure)[\s,.!]*/i, '').replace(/^(?:and\s+)?also\s+/i, ''), now)
}

function takeBack(draw: Draw, now: number): Draw {
  const [last] = Object.entries(draw.state.draft).sort(([, one], [, other]) => other.turn - one.turn)
  if (last === undefined) return ask(draw, '', now)
  const { [last[0]]: _, ...draft } = draw.state.draft
  set(draw, { draft })
  partialResults(draw)
  const slot = walked(draw.state).slots.find(({ id }) => id === last[0])
  set(draw, { asked: { slot: last[0] } })
  return say(draw, `Sorry about that. ${slot === undefined ? '' : question(slot)}`.trim(), 'question')
}

function refused(draw: Draw, slot: Slot, now: number): Draw {
  const { ctx } = draw.state
  const instead = [slot.schema.default, null].find(
    (value) => value !== undefined && problems(slot.schema, value).length === 0,
  )
  if (instead !== undefined) {
    keep(draw, [{ slot, value: instead }])
    partialResults(draw)
    return ask(draw, 'That is all right.', now)
  }
  if (!isRequired(draw.state, slot)) {
    set(draw, { passed: [...draw.state.passed, slot.id] })
    return ask(draw, 'That is all right.', now)
  }
  const refusals = (draw.state.refusals[slot.id] ?? 0) + 1
  set(draw, { refusals: { ...draw.state.refusals, [slot.id]: refusals } })
  if (refusals >= ctx.settings.refusalsBeforeGivingUp)
    return giveUp(draw, `I understand. Without your ${slot.label} I cannot go on.`, now)
  return ask(draw, `I understand, but I do need your ${slot.label} to go on.`, now)
}

function confused(draw: Draw, slot: Slot | undefined, problem: string | undefined, now: number): Draw {
  if (slot === undefined) return ask(draw, 'Sorry, I did not catch that.', now)
  const confusions = (draw.state.confusions[slot.id] ?? 0) + 1
  set(draw, { confusions: { ...draw.state.confusions, [slot.id]: confusions } })
  if (confusions >= 2 && !isRequired(draw.state, slot)) set(draw, { passed: [...draw.state.passed, slot.id] })
  if (confusions >= draw.state.ctx.settings.misunderstandingsBeforeGivingUp)
    return giveUp(draw, `I am sorry, I could not get your ${slot.label}.`, now)
  return ask(draw, problem ?? ['Sorry, I did not catch that.', hint(slot)].filter((part) => part !== '').join(' '), now)
}

// What to ask next, and when it is over.

/** Says `lead` and the next question, or ends when there is nothing left to ask. */
function ask(draw: Draw, lead: string, now: number): Draw {
  const whispered = draw.state.whispers.map(obey).join(' ')
  const opening = [lead, whispered].filter((part) => part !== '').join(' ')
  if (isComplete(draw.state)) return complete(draw, now)
  const asked = nextQuestion(draw.state)
  if (asked === undefined) return giveUp(draw, '', now)
  set(draw, { asked, whispers: [] })
  const { slots, groups } = walked(draw.state)
  const fragment = 'slot' in asked ? draw.state.fragments[asked.slot] : undefined
  if (fragment !== undefined && lead === '') return askOtherHalf(draw, fragment)
  const words =
    'another' in asked
      ? groups.filter(({ id }) => id === asked.another).map(anotherItem)[0]
      : slots.filter(({ id }) => id === asked.slot).map((slot) => question(slot))[0]
  return say(draw, [opening, words ?? ''].filter((part) => part !== '').join(' '), 'question')
}

function askOtherHalf(draw: Draw, { date, time }: Fragment): Draw {
  if (date !== undefined) return say(draw, missingHalf('date', dateAloud(date.year, date.month, date.day)), 'question')
  return time === undefined ? draw : say(draw, missingHalf('time', timeAloud(time.hour, time.minute)), 'question')
}

function nextQuestion(state: AiGatherState): AiGatherState['asked'] {
  const { slots, groups } = walked(state)
  const open = slots.filter(({ id }) => state.draft[id] === undefined)
  const needed = open.filter((slot) => isRequired(state, slot))
  const lastNeeded = needed.at(-1)
  const free = requiredOf(state.options.parameters).length === 0 && state.forced.length === 0
  for (const slot of open) {
    const group = groups.find(({ id }) => state.asked !== undefined && slot.id.startsWith(`${id}/`))
    if (isRequired(state, slot)) return { slot: slot.id }
    if (state.passed.includes(slot.id)) continue
    if (free || (state.ctx.settings.askOptional && lastNeeded !== undefined && group === undefined))
      return { slot: slot.id }
  }
  const more = groups.find((group) => wantsMore(state, group))
  return more === undefined ? undefined : { another: more.id }
}

function wantsMore(state: AiGatherState, group: Walk['groups'][number]): boolean {
  return (
    state.ctx.settings.askForMoreItems &&
    group.count > 0 &&
    group.count < group.most &&
    !state.passed.includes(group.id)
  )
}

function isRequired(state: AiGatherState, slot: Slot): boolean {
  return slot.required || state.forced.includes(slot.id)
}

/** A4: every required property is in; with none required, the first value is enough. */
function isComplete(state: AiGatherState): boolean {
  const { slots, groups } = walked(state)
  if (slots.some((slot) => isRequired(state, slot) && state.draft[slot.id] === undefined)) return false
  if (groups.some((group) => wantsMore(state, group))) return false
  const nothingRequired = requiredOf(state.options.parameters).length === 0
  return !nothingRequired || slots.length === 0 || Object.keys(state.draft).length > 0
}

/** The last word is Ajv's: rules across properties (`if`, `dependentRequired`, …) may send the gather back to asking. */
function complete(draw: Draw, now: number): Draw {
  const { state } = draw
  const result = resultOf(state)
  const wrong = problems(state.options.parameters, result)
  if (wrong.length === 0)
    return close(draw, { status: 'valid', result, reason: state.ctx.settings.endedReason.completed }, now)
  const { slots } = walked(state)
  const missing = wrong.map(({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`)
  const forced = slots
    .filter((slot) => state.draft[slot.id] === undefined && missing.includes(slot.id))
    .map(({ id }) => id)
  const spoilt = slots
    .filter(
      (slot) =>
        state.draft[slot.id] !== undefined &&
        wrong.some(({ instancePath }) => instancePath !== '' && slot.id.startsWith(instancePath)),
    )
    .map(({ id }) => id)
  if ((forced.length === 0 && spoilt.length === 0) || state.rejected >= mostRejections) return giveUp(draw, '', now)
  const kept = Object.entries(state.draft).filter(([id]) => forced.length > 0 || !spoilt.includes(id))
  set(draw, { draft: Object.fromEntries(kept), forced: [...state.forced, ...forced], rejected: state.rejected + 1 })
  return ask(draw, forced.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.', now)
}

function giveUp(draw: Draw, words: string, now: number): Draw {
  const { ctx } = draw.state
  const outcome: Outcome = { status: 'invalid', result: collected(draw.state), reason: ctx.settings.endedReason.gaveUp }
  if (words === '') {
    set(draw, { outcome })
    return finish(draw, now)
  }
  set(draw, { outcome })
  say(draw, words, 'ended')
  return set(draw, { phase: 'closing' })
}

function close(draw: Draw, outcome: Outcome, now: number): Draw {
  set(draw, { outcome })
  const { endedSpeech } = draw.state.options
  if (endedSpeech === undefined) return finish(draw, now)
  say(draw, plainSpeech(endedSpeech), 'ended')
  return set(draw, { phase: 'closing' })
}

function finish(draw: Draw, now: number): Draw {
  const { outcome, conversation, history } = draw.state
  if (outcome === undefined) return draw
  draw.effects.push(
    {
      do: 'emit',
      event_type: 'call.ai_gather.ended',
      payload: { message_history: spokenHistory(history), result: outcome.result, status: outcome.status },
    },
    ended(conversation, outcome.reason, now),
    { do: 'end' },
  )
  return set(draw, { phase: 'ended' })
}

// The small things a turn is made of.

function set(draw: Draw, change: Partial<AiGatherState>): Draw {
  draw.state = { ...draw.state, ...change }
  return draw
}

function say(draw: Draw, text: string, purpose: 'question' | 'ended'): Draw {
  return speak(draw, text, purpose, 'listen')
}

function speak(
  draw: Draw,
  text: string,
  purpose: 'greeting' | 'question' | 'reply' | 'ended',
  next: AiGatherState['next'],
): Draw {
  remember(draw, { role: 'assistant', content: text })
  draw.effects.push({ do: 'say', text, purpose })
  return set(draw, { phase: 'speaking', next })
}

function remember(draw: Draw, message: Message): void {
  set(draw, { history: [...draw.state.history, message] })
  historyUpdated(draw)
}

function historyUpdated(draw: Draw): void {
  if (!draw.state.options.historyUpdates) return
  draw.effects.push({
    do: 'emit',
    event_type: 'call.ai_gather.message_history_updated',
    payload: { message_history: spokenHistory(draw.state.history) },
  })
}

function partialResults(draw: Draw): void {
  if (!draw.state.options.partialResults) return
  draw.effects.push({
    do: 'emit',
    event_type: 'call.ai_gather.partial_results',
    payload: { message_history: spokenHistory(draw.state.history), partial_results: answersOf(draw.state) },
  })
}

function keep(draw: Draw, answers: readonly { slot: Slot; value: unknown; corrected?: boolean }[]): void {
  const { turn } = draw.state
  const draft = { ...draw.state.draft }
  for (const { slot, value, corrected } of answers) {
    const before = draft[slot.id]?.value
    // A list named again while it is complete grows ("and also olives"), unless the caller takes it back.
    const grown =
      Array.isArray(before) && Array.isArray(value) && corrected !== true
        ? [...new Set<unknown>([...before, ...value])].slice(0, slot.list?.most)
        : value
    draft[slot.id] = { path: slot.path, value: grown, turn: turn + Object.keys(draft).length / 1e6 }
  }
  set(draw, { draft })
}

function contextOf(state: AiGatherState, now: number) {
  const { slots } = walked(state)
  const { asked } = state
  return {
    slots,
    draft: state.draft,
    asked: asked !== undefined && 'slot' in asked ? slots.find(({ id }) => id === asked.slot) : undefined,
    fragments: state.fragments,
    today: { now, utcOffsetMinutes: state.ctx.settings.utcOffsetMinutes },
  }
}

function walked(state: AiGatherState): Walk {
  return walk(state.options.parameters, state.draft, state.items)
}

/** The answers alone, in the schema's order: what `partial_results` shows. */
function answersOf(state: AiGatherState): Record<string, unknown> {
  return assemble(walked(state).slots.flatMap(({ id }) => state.draft[id] ?? []))
}

/** The whole result: the answers and what the schema leaves no choice about. */
function resultOf(state: AiGatherState): Record<string, unknown> {
  const { slots, constants } = walked(state)
  return assemble([...slots.flatMap(({ id }) => state.draft[id] ?? []), ...constants])
}

function collected(state: AiGatherState): Record<string, unknown> | null {
  const nothing = Object.keys(state.draft).length === 0
  return nothing && state.ctx.settings.emptyResult === 'null' ? null : answersOf(state)
}

/** SSML may be spoken, but it is its words that count in a conversation. */
function plainSpeech(text: string): string {
  return /^\s*<speak\b/i.test(text)
    ? text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : text
}
