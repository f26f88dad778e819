/** Lays out a call's events as spans in lanes. */

import { isDigitGather } from '@callgather/protocol'
import type { UseCallTimelineResult } from '../../hooks/use-call-timeline.ts'

/** The lanes, from top to bottom. */
export const laneNames: readonly LaneName[] = ['caller', 'assistant', 'prompt', 'keys', 'gather', 'commands']

/** A lane of the timeline. */
export type LaneName = 'caller' | 'assistant' | 'prompt' | 'keys' | 'gather' | 'commands'

/** An event of a call, with or without a duration. Times are in milliseconds since the Unix epoch. */
export interface TimelineSpan {
  readonly id: string
  readonly lane: LaneName
  readonly from: number
  /** Equals `from` for an event without a duration. */
  readonly to: number
  /** A short label: a key, a text or a Telnyx status. */
  readonly text: string
}

/** Estimates the duration of a spoken text at 15 characters per second. Telnyx reports no duration for turns. */
const spokenMillis = (text: string) => Math.max(800, Math.min(20_000, (text.length / 15) * 1000))

/** The spans of a call, in order of time. A span that has not ended ends at `now`. */
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
        // Telnyx reports a turn when it ends.
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
