/** Restores a call state that was written as JSON. */
import { SortedMap } from '../base/sorted-map.ts'
import {
  type CallState,
  type ConversationState,
  type GatherState,
  messageKey,
  type Occurrence,
  timelineKey,
} from './call-state.ts'

/** A call state, or a value in it, after `JSON.parse(JSON.stringify(value))`: sorted maps become arrays of values. */
export type Serialized<Value> =
  Value extends SortedMap<infer Item>
    ? readonly Serialized<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: Serialized<Value[Key]> }
      : Value

/** A `CallState` as JSON. */
export type SerializedCallState = Serialized<CallState>

const byId = ({ id }: { readonly id: string }) => id
const byStamp = ({ stamp }: Occurrence) => stamp

/**
 * Restores a call state from its JSON. The result equals the original state, and `reduceCall` can continue from it. The
 * JSON is not validated: read it only from your own storage. After an update of this package, fold the events again.
 */
export function restoreCallState(json: SerializedCallState): CallState {
  return {
    ...json,
    commands: SortedMap.from(json.commands, byId),
    gathers: SortedMap.from(json.gathers.map(restoreGather), byId),
    conversations: SortedMap.from(json.conversations.map(restoreConversation), byId),
    keys: SortedMap.from(json.keys, byStamp),
    timeline: SortedMap.from(json.timeline, timelineKey),
  }
}

const restoreGather = (json: Serialized<GatherState>): GatherState => ({
  ...json,
  keys: SortedMap.from(json.keys, byStamp),
  plays: SortedMap.from(json.plays, byStamp),
})

const restoreConversation = (json: Serialized<ConversationState>): ConversationState => ({
  ...json,
  messages: SortedMap.from(json.messages, ({ index }) => messageKey(index)),
  growth: SortedMap.from(json.growth, ({ at }) => at),
})
