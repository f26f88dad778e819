/**
 * The fold of a conversation's messages.
 *
 * Telnyx sends the whole history each time, without ids or times for its messages. The index identifies a message. The
 * newest history sets the message's content; the oldest history that contains the message sets its time.
 */

import type { SortedMap } from '../base/sorted-map.ts'
import {
  type ConversationState,
  type MessageEntry,
  messageKey,
  type Occurrence,
  type TimelineEntry,
  timelineKey,
} from '../call-state/call-state.ts'
import type { HistorySplice } from '../events/event.ts'

/** A conversation and the call's timeline, which also contains its messages. */
export interface HistoryChange {
  conversation: ConversationState
  timeline: SortedMap<TimelineEntry>
}

/** Folds a change of the message history into its conversation. */
export function reduceHistory(
  known: ConversationState,
  timeline: SortedMap<TimelineEntry>,
  splice: HistorySplice,
  stamped: Occurrence,
): HistoryChange {
  const end = splice.from + splice.messages.length
  const length = known.length && known.length.stamp >= stamped.stamp ? known.length : { ...stamped, value: end }
  const growth = grow(known.growth, { at: stamped.at, length: end })
  let { messages } = known
  let rows = timeline

  const replace = (old: MessageEntry | undefined, message: MessageEntry) => {
    messages = messages.set(messageKey(message.index), message)
    if (old && old.at !== message.at) rows = rows.delete(timelineKey(old))
    const shown = message.index < length.value
    rows = shown ? rows.set(timelineKey(message), message) : rows.delete(timelineKey(message))
  }

  splice.messages.forEach(({ role, content }, offset) => {
    const index = splice.from + offset
    const old = messages.get(messageKey(index))
    if (old && old.stamp >= stamped.stamp) return
    const id = `${known.id}#${index}`
    const at = dateOf(growth, index) ?? stamped.at
    replace(old, { kind: 'message', id, conversationId: known.id, index, role, content, stamp: stamped.stamp, at })
  })

  // A late, older history moves the dates of messages back. In the usual order, this finds only new messages.
  if (growth !== known.growth) {
    for (const old of between(messages, lengthBefore(growth, stamped.at), end)) {
      const at = dateOf(growth, old.index)
      if (at !== undefined && at !== old.at) replace(old, { ...old, at })
    }
  }

  // Messages that a newer history removed or restored.
  const before = known.length?.value ?? 0
  const changed = between(messages, Math.min(before, length.value), Math.max(before, length.value))
  for (const message of changed) replace(undefined, message)

  return { conversation: { ...known, length, growth, messages }, timeline: rows }
}

/** Returns the existing messages of a range of indexes, so that a false history length costs nothing. */
function* between(messages: SortedMap<MessageEntry>, from: number, to: number): Iterable<MessageEntry> {
  for (let place = messages.rank(messageKey(from)); ; place++) {
    const message = messages.at(place)
    if (!message || message.index >= to) return
    yield message
  }
}

type Growth = ConversationState['growth']

/** Returns the length of the message history just before a time. */
function lengthBefore(growth: Growth, at: string): number {
  const position = growth.rank(at)
  return position === 0 ? 0 : (growth.at(position - 1)?.length ?? 0)
}

/** Adds a history length with its time. Keeps only lengths that are greater than all earlier lengths. */
function grow(growth: Growth, seen: { at: string; length: number }): Growth {
  if ((growth.get(seen.at)?.length ?? 0) >= seen.length || lengthBefore(growth, seen.at) >= seen.length) return growth
  let next = growth.set(seen.at, seen)
  const position = next.rank(seen.at)
  for (let after = next.at(position + 1); after && after.length <= seen.length; after = next.at(position + 1)) {
    next = next.delete(after.at)
  }
  return next
}

/** Returns the time of the first history that contains the message at `index`. */
function dateOf(growth: Growth, index: number): string | undefined {
  let low = 0
  let high = growth.size
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((growth.at(middle)?.length ?? 0) > index) high = middle
    else low = middle + 1
  }
  return growth.at(low)?.at
}
