/**
 * Turns a full message history into its changes. Telnyx resends all messages each time: a conversation of a thousand
 * messages would take 76 MB in the log, and takes a third of a megabyte as changes.
 *
 * A history older than the newest one keeps only its length, which dates messages and makes the fold independent of
 * the order of events.
 */
import type { CallState, HistoryMessage, HistorySplice } from '@callgather/protocol'
import { UNATTRIBUTED } from '@callgather/protocol'
import { asRecord } from '../base/json.ts'

/** The text that replaces the content of a hidden message. */
export const HIDDEN_TEXT = '•••'

/** Reads Telnyx's `message_history`. The content of a message may be absent (a tool call) or not text. */
export function readHistory(value: unknown): HistoryMessage[] | null {
  if (!Array.isArray(value)) return null
  return value.map((each) => {
    const message = asRecord(each)
    const { role, content } = message ?? {}
    return { role: typeof role === 'string' ? role : 'unknown', content: textOf(content) }
  })
}

const textOf = (content: unknown) =>
  typeof content === 'string' ? content : content === undefined || content === null ? '' : JSON.stringify(content)

/**
 * Returns the change from the conversation in the call state to a full message history.
 *
 * @param stamp The stamp of the event that carries the history.
 */
export function spliceHistory(
  state: CallState,
  conversationId: string | undefined,
  stamp: string,
  whole: readonly HistoryMessage[],
): HistorySplice {
  const { length } = whole
  const known = state.conversations.get(conversationId ?? UNATTRIBUTED)
  if (known?.length && known.length.stamp > stamp) return { from: length, messages: [] }
  const held = new Map<number, HistoryMessage>()
  for (const message of known?.messages ?? []) held.set(message.index, message)
  // Hidden messages stay hidden, although Telnyx resends them with every history.
  const history = whole.map((message, index) =>
    held.get(index)?.content === HIDDEN_TEXT ? { ...message, content: HIDDEN_TEXT } : message,
  )
  const isHeld = ({ role, content }: HistoryMessage, index: number) =>
    index < (known?.length?.value ?? 0) && held.get(index)?.role === role && held.get(index)?.content === content
  const changed = history.findIndex((message, index) => !isHeld(message, index))
  const from = changed === -1 ? length : changed
  return { from, messages: history.slice(from) }
}
