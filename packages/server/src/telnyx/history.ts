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

/** Reads a message of Telnyx's `message_history`. The content may be absent (a tool call) or not text. */
function readMessage(value: unknown): HistoryMessage {
  const { role, content } = asRecord(value) ?? {}
  return { role: typeof role === 'string' ? role : 'unknown', content: textOf(content) }
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
  whole: readonly unknown[],
): HistorySplice {
  const { length } = whole
  const known = state.conversations.get(conversationId ?? UNATTRIBUTED)
  if (known?.length && known.length.stamp > stamp) return { from: length, messages: [] }
  const comparable = Math.min(length, known?.length?.value ?? 0)
  // Hidden messages stay hidden, although Telnyx resends them with every history.
  const hidden = new Set<number>()
  let from = 0
  for (const { index, role, content } of known?.messages ?? []) {
    const isHidden = content === HIDDEN_TEXT
    if (isHidden) hidden.add(index)
    if (index !== from || index >= comparable) continue
    const message = readMessage(whole[index])
    if (message.role === role && (isHidden || message.content === content)) from += 1
  }
  const messages = whole.slice(from).map((each, offset) => {
    const message = readMessage(each)
    return hidden.has(from + offset) ? { ...message, content: HIDDEN_TEXT } : message
  })
  return { from, messages }
}
