/** Computes the spans of a call's events for the lanes of the timeline. */

import { isDigitGather } from '@callgather/protocol'
import type { UseCallTimelineResult } from '../../hooks/use-call-timeline.ts'

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
  /** The label of the event: a key, a text or a status of Telnyx. */
  readonly text: string
}

/** Estimates how long a text takes to speak, at 15 characters per second. Telnyx does not report the duration. */
const spokenMillis = (text: string) => Math.max(800, Math.min(20_000, (text.length / 15) * 1000))

/** The events of a call as spans, in order of time. An event that has not ended gets `now` as its end. */
export function spansOf(timeline: UseCallTimelineResult, now: number): TimelineSpan[] {
  const spans: TimelineSpan[] = []
  const end = timeline.endedAt === null ? now : Date.parse(timeline.endedAt)
  const playing = new Map<string, number>()
  for (const entry of timeline.entries) {
    const at = Date.parse(entry.at)
    const { id } = entry
    switch (entry.kind) {
      case 'message':
      case 'speech': {
        const text = entry.kind === 'message' ? entry.content : entry.text
        const isCaller = entry.kind === 'message' ? entry.role === 'user' : entry.track === 'inbound'
        if (entry.kind === 'message' && entry.role !== 'user' && entry.role !== 'assistant') break
        // Telnyx reports a turn of speech when the turn ends.
        spans.push({
          id,
          lane: isCaller ? 'caller' : 'assistant',
          from: Math.max(start(timeline, at), at - spokenMillis(text)),
          to: at,
          text,
        })
        break
      }
      case 'key':
        spans.push({ id, lane: 'keys', from: at, to: at, text: entry.digit ?? '•' })
        break
      case 'playback':
        if (entry.edge === 'started') playing.set(`${entry.source} ${entry.media ?? ''}`, at)
        else {
          const from = playing.get(`${entry.source} ${entry.media ?? ''}`) ?? at
          playing.delete(`${entry.source} ${entry.media ?? ''}`)
          spans.push({ id, lane: 'prompt', from, to: at, text: entry.media ?? entry.source })
        }
        break
      case 'command':
        if (!isDigitGather(entry.command.request?.command) && entry.command.request?.command !== 'gather_using_ai') {
          spans.push({ id, lane: 'commands', from: at, to: at, text: entry.command.request?.command ?? '' })
        }
    }
  }
  for (const [key, from] of playing)
    spans.push({ id: `playing ${key}`, lane: 'prompt', from, to: end, text: key.trim() })
  for (const gather of timeline.gathers) {
    const from = gather.command?.request?.at ?? gather.ended?.at
    if (from === undefined) continue
    const refused = gather.command?.outcome?.status === 'refused'
    const to = gather.ended ? Date.parse(gather.ended.at) : refused ? Date.parse(from) : end
    const text = gather.ended?.status ?? (refused ? 'refused' : 'collecting')
    spans.push({ id: `gather ${gather.id}`, lane: 'gather', from: Date.parse(from), to, text })
  }
  return spans.sort((one, other) => one.from - other.from || one.to - other.to)
}

const start = ({ startedAt }: UseCallTimelineResult, otherwise: number) =>
  startedAt === null ? otherwise : Date.parse(startedAt)
