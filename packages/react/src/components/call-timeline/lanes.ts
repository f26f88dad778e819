/** Computes the spans of a call's events for the lanes of the timeline. */

import { type GatherState, isGather } from '@callgather/protocol'
import { visibleText } from '../../hooks/party.ts'
import type { UseCallTimelineResult } from '../../hooks/use-call-timeline.ts'
import type { Language } from '../../strings/strings-context.tsx'

/** The names of the timeline's lanes, from top to bottom. */
export const laneNames: readonly LaneName[] = ['caller', 'assistant', 'prompt', 'keys', 'gather', 'commands']

/** The name of a lane of the timeline. */
export type LaneName = 'caller' | 'assistant' | 'prompt' | 'keys' | 'gather' | 'commands'

/** An event of a call, with or without a duration. Times are in milliseconds since the Unix epoch. */
export interface TimelineSpan {
  readonly id: string
  readonly lane: LaneName
  readonly from: number
  /** The end of the event. Equals `from` if the event has no duration. */
  readonly to: number
  /** The time of the event's row in the transcript. It orders the events; a turn of speech has its row at its end. */
  readonly at: number
  /** The label of the event: a key, a text or a status of Telnyx. */
  readonly text: string
}

/** Estimates how long a text takes to speak, at 15 characters per second. Telnyx does not report the duration. */
const spokenMillis = (text: string) => Math.max(800, Math.min(20_000, (text.length / 15) * 1000))

/** The events of a call as spans, in the order of the transcript. An event that has not ended gets `now` as its end. */
export function spansOf(timeline: UseCallTimelineResult, now: number): TimelineSpan[] {
  const spans: TimelineSpan[] = []
  const end = timeline.endedAt === null ? now : Date.parse(timeline.endedAt)
  const playing = new Map<string, number>()
  const gathers = new Map(timeline.gathers.map((gather) => [gather.id, gather]))
  const asked = new Map(timeline.conversations.map(({ id, command }) => [id, command?.request?.at]))
  // A turn of speech starts neither before the turn that it answers ended, nor before its assistant was started.
  let spokenTo = start(timeline, Number.NEGATIVE_INFINITY)
  for (const entry of timeline.entries) {
    const at = Date.parse(entry.at)
    const { id } = entry
    switch (entry.kind) {
      case 'message':
      case 'speech': {
        const text = visibleText(entry.kind === 'message' ? entry.content : entry.text)
        const isCaller = entry.kind === 'message' ? entry.role === 'user' : entry.track === 'inbound'
        if (entry.kind === 'message' && entry.role !== 'user' && entry.role !== 'assistant') break
        const startedAt = Date.parse((entry.kind === 'message' && asked.get(entry.conversationId)) || '') || 0
        // Telnyx reports a turn of speech when the turn ends.
        spans.push({
          id,
          lane: isCaller ? 'caller' : 'assistant',
          from: Math.min(at, Math.max(spokenTo, startedAt, at - spokenMillis(text))),
          to: at,
          at,
          text,
        })
        spokenTo = Math.max(spokenTo, at)
        break
      }
      case 'key':
        spans.push({ id, lane: 'keys', from: at, to: at, at, text: entry.digit ?? '•' })
        break
      case 'playback':
        if (entry.edge === 'started') playing.set(`${entry.source} ${entry.media ?? ''}`, at)
        else {
          const from = playing.get(`${entry.source} ${entry.media ?? ''}`) ?? at
          playing.delete(`${entry.source} ${entry.media ?? ''}`)
          spans.push({ id, lane: 'prompt', from, to: at, at: from, text: visibleText(entry.media ?? entry.source) })
        }
        break
      case 'command': {
        const gather = gathers.get(id)
        const command = entry.command.request?.command ?? ''
        if (!isGather(command)) spans.push({ id, lane: 'commands', from: at, to: at, at, text: command })
        else if (gather) spans.push({ id: `gather ${id}`, lane: 'gather', from: at, ...startOf(gather, at, end), at })
        break
      }
      case 'gather_end':
        spans.push({ id, lane: 'gather', from: at, to: at, at, text: entry.status ?? 'ended' })
    }
  }
  for (const [key, from] of playing)
    spans.push({ id: `playing ${key}`, lane: 'prompt', from, to: end, at: from, text: visibleText(key.trim()) })
  return spans.sort((one, other) => one.at - other.at)
}

/** The end of a gather's span, and its state where it starts. Its outcome has its own span, where it ended. */
function startOf(
  { command, ended }: Pick<GatherState, 'command' | 'ended'>,
  from: number,
  end: number,
): Pick<TimelineSpan, 'to' | 'text'> {
  if (ended) return { to: Date.parse(ended.at), text: 'asked' }
  if (command?.outcome?.status === 'refused') return { to: from, text: 'refused' }
  return { to: end, text: 'collecting' }
}

const start = ({ startedAt }: UseCallTimelineResult, otherwise: number) =>
  startedAt === null ? otherwise : Date.parse(startedAt)

/** Describes an event of the timeline. A gather's text is its state or its outcome. */
export const textOf = ({ lane, text }: TimelineSpan, { tryT }: Language): string =>
  lane === 'gather' ? tryT(`gather.outcome.${text}`, tryT(`gather.status.${text}`, text)) : text
