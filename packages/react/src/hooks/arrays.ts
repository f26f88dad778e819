/**
 * Converts a call's persistent collections to arrays. An array is built when a component first reads it, once for each
 * version of the collection. An unchanged item keeps its identity.
 */
import type {
  CommandState,
  ConversationState,
  GatherState,
  KeyEntry,
  MessageEntry,
  PlaybackEntry,
  SortedMap,
  TimelineEntry,
} from '@callgather/protocol'

/** A gather on a call's timeline, with its keys and prompts as arrays. */
export interface TimelineGather extends Omit<GatherState, 'keys' | 'plays'> {
  /** The keys of the caller, in order. */
  readonly keys: readonly KeyEntry[]
  /** The prompts of the gather, in order. */
  readonly plays: readonly PlaybackEntry[]
}

/** A conversation with an AI on a call's timeline, with its messages as an array. */
export interface TimelineConversation extends Omit<ConversationState, 'messages' | 'growth'> {
  /** The messages of the conversation, in order. */
  readonly messages: readonly MessageEntry[]
}

/** Returns a function that caches its result for each argument object while the object exists. */
function cached<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, { readonly value: Value }>()
  return (key) => {
    const known = values.get(key) ?? { value: compute(key) }
    values.set(key, known)
    return known.value
  }
}

const gatherOf = cached(
  (gather: GatherState): TimelineGather => ({ ...gather, keys: [...gather.keys], plays: [...gather.plays] }),
)

const conversationOf = cached(
  ({ growth: _, ...conversation }: ConversationState): TimelineConversation => ({
    ...conversation,
    messages: messagesOf(conversation.messages),
  }),
)

export const entriesOf = cached((entries: SortedMap<TimelineEntry>): readonly TimelineEntry[] => [...entries])
export const messagesOf = cached((messages: SortedMap<MessageEntry>): readonly MessageEntry[] => [...messages])
export const commandsOf = cached((commands: SortedMap<CommandState>): readonly CommandState[] => [...commands])
export const gathersOf = cached((gathers: SortedMap<GatherState>): readonly TimelineGather[] =>
  Array.from(gathers, gatherOf),
)
export const conversationsOf = cached((conversations: SortedMap<ConversationState>): readonly TimelineConversation[] =>
  Array.from(conversations, conversationOf),
)
