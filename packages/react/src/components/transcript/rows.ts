/**
 * Builds transcript rows from a call's timeline: turns of speech, groups of keys, whispers, commands and results.
 * The code makes one pass over the ordered timeline entries and does not depend on React.
 */
import {
  type CommandState,
  claimFrom,
  type DigitRules,
  type GatherEndEntry,
  type HungUpBy,
  isDigitGather,
  isGather,
  type KeyEntry,
  type KeyPress,
  keyRole,
  type LifecycleEntry,
  type Refusal,
  readDigitRules,
  readHungUpBy,
  readKeys,
  SortedMap,
  type TimelineEntry,
} from '@callgather/protocol'
import { visibleText } from '../../hooks/party.ts'
import type { LiveSpeech } from '../../hooks/use-transcript.ts'

/** The speaker that a transcript row names. */
export type Speaker = 'caller' | 'assistant' | 'agent' | 'system' | 'tool'

/** The status of a command. `seen` means that the conversation contains the whisper. */
export type RowOutcome = 'sent' | 'accepted' | 'seen' | 'refused' | 'unknown'

/** The fields that all transcript rows have. */
export interface RowBase {
  /** Identifies the row. All partial transcripts of an utterance and its final transcript have the same key. */
  readonly key: string
  /** The time of the row's first event, in ISO 8601. */
  readonly at: string
}

/** A transcript row with one utterance. */
export interface SpeechRow extends RowBase {
  readonly kind: 'speech'
  readonly speaker: Speaker
  readonly text: string
  /** The speech recogniser's confidence from 0 to 1; `null` if it reports none. */
  readonly confidence: number | null
  /** Whether the utterance is a partial transcript, which may still change. */
  readonly partial: boolean
  /** Whether the speaker of the previous row continues, so that this row does not name the speaker again. */
  readonly continued: boolean
}

/** A transcript row with a group of keys. */
export interface KeysRow extends RowBase {
  readonly kind: 'keys'
  readonly keys: readonly { readonly digit: string | null; readonly role: KeyPress['role'] }[]
  /** Whether the keys were pressed outside any gather. */
  readonly stray: boolean
}

/** A transcript row with a message to the assistant. */
export interface WhisperRow extends RowBase {
  readonly kind: 'whisper'
  readonly who: string | null
  readonly text: string
  readonly answerNow: boolean
  readonly outcome: RowOutcome
}

/** A transcript row with a command of an agent. */
export interface CommandRow extends RowBase {
  readonly kind: 'command'
  readonly who: string | null
  readonly command: string
  /** What a gather asks for, in the words of its agent; `null` without a label. */
  readonly label: string | null
  /** The prompt of the command: a text, an audio URL or a media name; `null` if it has none. */
  readonly text: string | null
  readonly outcome: RowOutcome
  /** Why the command was refused; `null` if it was not refused. */
  readonly refusal: Refusal | null
}

/** A transcript row with the end of a gather. */
export interface GatherEndRow extends RowBase {
  readonly kind: 'gather_end'
  readonly status: string
  readonly digits: string | null
  /** The side that hung up, if a hang-up ended the gather; otherwise `null`. */
  readonly hungUpBy: HungUpBy | null
}

/** A transcript row with another event of the call. */
export interface SystemRow extends RowBase {
  readonly kind: 'system'
  /** The event: a Telnyx event type, or a derived name such as `prompt.started` or `audio.ended`. */
  readonly what: string
  /** The side that hung up, if this event is the hang-up; otherwise `null`. */
  readonly hungUpBy: HungUpBy | null
}

/** A row of a transcript, of any kind. */
export type TranscriptRow = SpeechRow | KeysRow | WhisperRow | CommandRow | GatherEndRow | SystemRow

/** A filter category of transcript rows. */
export type RowCategory = 'speech' | 'ai' | 'keys' | 'commands' | 'system'

/** Returns the filter category of a transcript row. */
export function categoryOf(row: TranscriptRow): RowCategory {
  switch (row.kind) {
    case 'speech':
      return row.speaker === 'assistant' || row.speaker === 'tool' ? 'ai' : 'speech'
    case 'keys':
      return 'keys'
    case 'whisper':
    case 'command':
    case 'gather_end':
      return 'commands'
    case 'system':
      return 'system'
  }
}

/** After a longer silence, the transcript names the same speaker again. */
const PAUSE_MILLIS = 30_000

/** Builds transcript rows from timeline entries. To add entries after `rows` was read, copy the writer first. */
class RowWriter {
  readonly rows: TranscriptRow[]
  readonly #rules: Map<string, DigitRules>
  readonly #ended: Set<string>
  readonly #utterances: Map<string, number>
  /** The row indexes of whispers that the conversation does not contain yet, by text of the whisper. */
  readonly #whispers: Map<string, number>
  /** The keys of the last row, if it is a row of keys. */
  #keys: KeyEntry[]
  /** The keys and the request of each digit gather, until its end. */
  readonly #gathers: Map<string, { readonly requestedAt: string; keys: readonly KeyEntry[] }>
  /** The rows of stray keys since a gather last ended. A gather that ends may claim their last keys. */
  #strays: readonly { readonly row: number; readonly keys: readonly KeyEntry[] }[]
  #direction: unknown
  #isAnswered: boolean
  #hungUpBy: HungUpBy | null

  constructor(before?: RowWriter) {
    this.rows = before ? [...before.rows] : []
    this.#rules = new Map(before ? before.#rules : [])
    this.#ended = new Set(before ? before.#ended : [])
    this.#utterances = new Map(before ? before.#utterances : [])
    this.#whispers = new Map(before ? before.#whispers : [])
    this.#keys = before ? before.#keys : []
    this.#gathers = new Map(before ? before.#gathers : [])
    this.#strays = before ? before.#strays : []
    this.#isAnswered = before ? before.#isAnswered : false
    this.#direction = before ? before.#direction : undefined
    this.#hungUpBy = before ? before.#hungUpBy : null
  }

  add(entry: TimelineEntry): void {
    if (entry.kind !== 'key') this.#keys = []
    // Keys and words prove that the call was answered, even if that event was lost.
    if (entry.kind === 'key' || entry.kind === 'message' || entry.kind === 'speech') this.#isAnswered = true
    switch (entry.kind) {
      case 'key':
        this.#key(entry)
        break
      case 'message':
        this.#message(entry.id, entry.at, entry.role, entry.content)
        break
      case 'speech': {
        const text = visibleText(entry.text)
        const spoken = { key: this.#utterance(entry.track), at: entry.at, text, partial: false }
        this.#speech({ ...spoken, speaker: speakerOf(entry.track), confidence: entry.confidence ?? null })
        break
      }
      case 'command':
        this.#command(entry.command, entry.at)
        break
      case 'gather_end':
        this.#ended.add(entry.gatherId)
        this.#gatherEnd(entry)
        break
      case 'playback': {
        const what = `${entry.source === 'speak' ? 'prompt' : 'audio'}.${entry.edge}`
        this.rows.push({ kind: 'system', key: entry.id, at: entry.at, what, hungUpBy: null })
        break
      }
      case 'lifecycle':
        this.#lifecycle(entry)
    }
  }

  /** Returns the rows of partial transcripts. These rows follow all final rows. */
  partialRows(partials: readonly LiveSpeech[]): TranscriptRow[] {
    let before = this.rows.at(-1)
    return partials.map(({ track, at, text: said }) => {
      const text = visibleText(said)
      const key = `${track}#${(this.#utterances.get(track) ?? 0) + 1}`
      before = speechRow({ key, at, text, partial: true, speaker: speakerOf(track), confidence: null }, before)
      return before
    })
  }

  #gatherEnd({ id, at, status, digits, gatherId }: GatherEndEntry): void {
    this.#claim(gatherId, digits ?? '')
    this.#gathers.delete(gatherId)
    this.#strays = []
    this.rows.push({ kind: 'gather_end', key: id, at, status: status ?? 'ended', digits, hungUpBy: this.#hungUpBy })
  }

  /** Moves stray keys to the gather that reported their digits, such as a gather of another client. */
  #claim(gatherId: string, reported: string): void {
    const gather = this.#gathers.get(gatherId)
    const rules = this.#rules.get(gatherId)
    const read = gather && rules && readKeys(gather.keys, rules)
    const first = gather?.keys.find((key) => key.id === read?.keys[0]?.id)
    const strays = this.#strays.flatMap(({ keys }) => keys).filter((key) => !first || key.stamp < first.stamp)
    const claimed = new Set(claimFrom(strays, reported, read?.digits ?? '', gather?.requestedAt ?? ''))
    if (claimed.size === 0) return
    for (const { row: index, keys } of this.#strays.toReversed()) {
      const row = this.rows[index]
      const from = keys.findIndex((key) => claimed.has(key))
      if (from < 0 || row?.kind !== 'keys') continue
      const parts: KeysRow[] = [
        { ...row, keys: row.keys.slice(0, from) },
        {
          ...row,
          key: keys[from]?.id ?? row.key,
          at: keys[from]?.at ?? row.at,
          keys: row.keys.slice(from),
          stray: false,
        },
      ]
      this.rows.splice(index, 1, ...parts.filter((part) => part.keys.length > 0))
      if (from === 0) continue
      for (const [text, whisper] of this.#whispers) if (whisper > index) this.#whispers.set(text, whisper + 1)
    }
  }

  #lifecycle({ id, at, eventType, payload }: LifecycleEntry): void {
    const isHangup = eventType === 'call.hangup'
    if (eventType === 'call.initiated') this.#direction = payload.direction
    if (eventType === 'call.answered') this.#isAnswered = true
    if (isHangup) {
      const hungUpBy = readHungUpBy(payload.hangup_source, this.#direction)
      this.#hungUpBy = hungUpBy
      // Telnyx reports the end of a gather before the hang-up that caused it, so complete the earlier row.
      for (const [index, row] of this.rows.entries()) {
        if (row.kind === 'gather_end') this.rows[index] = { ...row, hungUpBy }
      }
    }
    const what = this.#whatOf(eventType)
    this.rows.push({ kind: 'system', key: id, at, what, hungUpBy: what === 'call.hangup' ? this.#hungUpBy : null })
  }

  /** Names an event by what it means: our side placed the call, or the call ended before it was answered. */
  #whatOf(eventType: string): string {
    const isOutgoing = this.#direction === 'outgoing'
    if (eventType === 'call.initiated') return isOutgoing ? 'call.placed' : eventType
    if (eventType !== 'call.hangup' || this.#isAnswered || this.#direction === undefined) return eventType
    return isOutgoing ? 'call.unanswered' : 'call.missed'
  }

  /** Returns the key of the next utterance on a track. Partial and final transcripts of the utterance share the key. */
  #utterance(track: string): string {
    const nth = (this.#utterances.get(track) ?? 0) + 1
    this.#utterances.set(track, nth)
    return `${track}#${nth}`
  }

  #speech(said: Omit<SpeechRow, 'kind' | 'continued'>): void {
    this.rows.push(speechRow(said, this.rows.at(-1)))
  }

  #message(key: string, at: string, role: string, text: string): void {
    const whisper = this.#whispers.get(text)
    const row = whisper === undefined ? undefined : this.rows[whisper]
    if (whisper !== undefined && row?.kind === 'whisper' && role !== 'assistant') {
      // The whisper already has a row. The message in the conversation marks it as seen.
      this.rows[whisper] = { ...row, outcome: 'seen' }
      this.#whispers.delete(text)
      return
    }
    const speaker = speakers[role] ?? 'system'
    this.#speech({ key, at, text: visibleText(text), partial: false, speaker, confidence: null })
  }

  #key(entry: KeyEntry): void {
    const { gatherId } = entry
    const going = this.#keys.length > 0 && this.#keys[0]?.gatherId === gatherId
    this.#keys = going ? [...this.#keys, entry] : [entry]
    const gather = gatherId === null ? undefined : this.#gathers.get(gatherId)
    if (gatherId !== null && gather) this.#gathers.set(gatherId, { ...gather, keys: [...gather.keys, entry] })
    const rules = gatherId === null ? undefined : this.#rules.get(gatherId)
    const { digit, at, id } = entry
    const key = { digit, role: rules ? keyRole(digit, rules) : 'digit' } as const
    const before = going ? this.rows.at(-1) : undefined
    if (before?.kind === 'keys') this.rows[this.rows.length - 1] = { ...before, keys: [...before.keys, key] }
    else {
      const stray = gatherId === null || rules === undefined || this.#ended.has(gatherId)
      this.rows.push({ kind: 'keys', key: id, at, keys: [key], stray })
    }
    const row = this.rows.length - 1
    const isStray = (this.rows[row] as KeysRow).stray
    if (isStray) this.#strays = [...this.#strays.filter((it) => it.row !== row), { row, keys: this.#keys }]
  }

  #command(state: CommandState, at: string): void {
    const { request, outcome, id } = state
    if (!request) return
    const { command, body, subject } = request
    const label = request.label === undefined ? null : visibleText(request.label)
    const common = { key: id, at, who: subject === undefined ? null : visibleText(subject) }
    if (isDigitGather(command)) {
      this.#rules.set(id, readDigitRules(command, body))
      this.#gathers.set(id, { requestedAt: at, keys: this.#gathers.get(id)?.keys ?? [] })
    }
    if (command === 'ai_assistant_add_messages') {
      const text = contentOf(body.messages)
      this.#whispers.set(text, this.rows.length)
      const answerNow = body.trigger_response === true
      this.rows.push({
        kind: 'whisper',
        ...common,
        text: visibleText(text),
        answerNow,
        outcome: outcome?.status ?? 'sent',
      })
      return
    }
    const spoken = isGather(command) ? (body.payload ?? body.greeting ?? body.audio_url ?? body.media_name) : null
    const refusal = outcome?.status === 'refused' ? outcome : null
    const text = typeof spoken === 'string' ? visibleText(spoken) : null
    this.rows.push({ kind: 'command', ...common, command, label, text, outcome: outcome?.status ?? 'sent', refusal })
  }
}

/**
 * The immutable transcript rows of one version of a timeline. A later version reuses these rows, so an appended event
 * costs one row. A change to an earlier entry rebuilds all rows.
 */
export class TimelineRows {
  static readonly none = new TimelineRows(SortedMap.empty(), new RowWriter())

  readonly #timeline: SortedMap<TimelineEntry>
  readonly #writer: RowWriter

  private constructor(timeline: SortedMap<TimelineEntry>, writer: RowWriter) {
    this.#timeline = timeline
    this.#writer = writer
  }

  /** Returns the rows of another version of the timeline. The result does not depend on which rows are reused. */
  of(timeline: SortedMap<TimelineEntry>): TimelineRows {
    if (timeline === this.#timeline) return this
    const shared = timeline.sharedPrefix(this.#timeline)
    const known = shared < this.#timeline.size ? 0 : shared
    const writer = known === 0 ? new RowWriter() : new RowWriter(this.#writer)
    if (known === 0) for (const entry of timeline) writer.add(entry)
    else for (let nth = known; nth < timeline.size; nth++) writer.add(timeline.at(nth) as TimelineEntry)
    return new TimelineRows(timeline, writer)
  }

  /** Returns all rows, followed by the rows of the partial transcripts. */
  with(partials: readonly LiveSpeech[]): readonly TranscriptRow[] {
    const { rows } = this.#writer
    return partials.length === 0 ? rows : [...rows, ...this.#writer.partialRows(partials)]
  }
}

/** Creates the row of an utterance. `before` is the previous row of the transcript. */
function speechRow(said: Omit<SpeechRow, 'kind' | 'continued'>, before: TranscriptRow | undefined): SpeechRow {
  const continued =
    before?.kind === 'speech' &&
    before.speaker === said.speaker &&
    Date.parse(said.at) - Date.parse(before.at) < PAUSE_MILLIS
  return { kind: 'speech', ...said, continued }
}

const speakers: Readonly<Record<string, Speaker>> = {
  user: 'caller',
  assistant: 'assistant',
  tool: 'tool',
  system: 'system',
  developer: 'system',
}

const speakerOf = (track: string): Speaker => (track === 'inbound' ? 'caller' : 'agent')

/** Returns the text of messages to the assistant. */
export function contentOf(messages: unknown): string {
  if (!Array.isArray(messages)) return ''
  const contents = messages.map((it: unknown) =>
    typeof it === 'object' && it !== null && 'content' in it && typeof it.content === 'string' ? it.content : '',
  )
  return contents.filter((content) => content !== '').join('\n')
}
