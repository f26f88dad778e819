import {
  type CollectedValue,
  type HungUpBy,
  type SocketError,
  selectCollected,
  selectHungUpBy,
} from '@callgather/protocol'
import { useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { useCallId } from './call-scope.tsx'
import { writeClipboard } from './clipboard.ts'
import { textOfValue } from './party.ts'
import { useCall } from './use-call.ts'
import { useDelivery } from './use-delivery.ts'

/** The options of `useCollected`. */
export interface UseCollectedOptions {
  /**
   * Names a value for the agent. Default: the title of a field, or the prompt of a gather. Keep the function's identity
   * stable, because a new function makes new items.
   */
  labelOf?: ((value: CollectedValue) => string | undefined) | undefined
  /**
   * Called once for each final value, oldest first: also after a reload, a reconnection and in a second tab. The
   * browser stores the ids of delivered values for 24 hours, separately for each agent, and deletes them when the
   * client is closed. The client's `onError` receives an error that `onCollected` throws.
   */
  onCollected?: ((value: CollectedValue) => unknown) | undefined
}

/** Writes an item as text for the clipboard. */
export type CollectedText = (item: CollectedValue) => string

/** The values collected on a call, and the actions to copy them. */
export interface UseCollectedResult {
  /** The values, newest first. The value of a masked item is `null`. An unchanged item keeps its identity. */
  readonly items: readonly CollectedValue[]
  /** Which party hung up; `null` during the call, and when Telnyx did not report it. */
  readonly hungUpBy: HungUpBy | null
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
  /**
   * Copies the value of one item by its `id`. Rejects for a masked item, and when the browser denies the clipboard.
   * Default text: the value, a date as ISO 8601.
   */
  readonly copy: (id: string, textOf?: CollectedText) => Promise<void>
  /**
   * Copies all items: `json` as an array of `CollectedItem`, otherwise a line for each. Default line: label, value, and
   * an outcome other than `valid`, with dots for masked digits. Rejects when the browser denies the clipboard.
   */
  readonly copyAll: (format?: 'json' | CollectedText) => Promise<void>
}

/** Returns every value collected on a call, newest first, and copies them. */
export function useCollected(callId?: string, options?: UseCollectedOptions): UseCollectedResult
export function useCollected(options: UseCollectedOptions): UseCollectedResult
export function useCollected(first?: string | UseCollectedOptions, second?: UseCollectedOptions): UseCollectedResult {
  const callId = useCallId(typeof first === 'object' ? undefined : first)
  const { labelOf, onCollected } = (typeof first === 'object' ? first : second) ?? {}
  const slice = useCall(callId, collectedSlice)
  const result = useMemo((): UseCollectedResult => {
    const { values, ...rest } = slice
    const items = labelOf ? values.map((value) => ({ ...value, label: labelOf(value) ?? value.label })) : values
    return {
      ...rest,
      items,
      copy: async (id, textOf = plainText) => {
        const item = items.find((each) => each.id === id)
        if (!item || item.mask) throw new Error('CallGather: a hidden value cannot be copied. It was not received.')
        await writeClipboard(textOf(item))
      },
      copyAll: (format = plainLine) =>
        writeClipboard(format === 'json' ? jsonOf(items) : items.map((item) => format(item)).join('\n')),
    }
  }, [slice, labelOf])
  useDelivery(callId, result.items, onCollected)
  return result
}

function collectedSlice({ state, sync, error }: CallFeed) {
  return { values: selectCollected(state), hungUpBy: selectHungUpBy(state), sync, error: error ?? null }
}

/** Returns a value as text for other programs: a date stays ISO 8601, and a number has no group separators. */
export function plainText({ value }: CollectedValue): string {
  return Array.isArray(value) && value.every((each) => typeof each !== 'object') ? value.join(', ') : textOfValue(value)
}

function plainLine(item: CollectedValue): string {
  const { label, mask, last4, outcome } = item
  const value = mask ? `••••${last4 ?? ''}` : plainText(item)
  return `${label}: ${value}${outcome === null || outcome === 'valid' ? '' : ` (${outcome})`}`
}

const jsonOf = (items: readonly CollectedValue[]) =>
  JSON.stringify(
    items.map(({ id: _, isFinal, format, ...item }) => item),
    null,
    2,
  )
