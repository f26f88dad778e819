import { createHash } from 'node:crypto'
import type { CallState } from '@callgather/protocol'

/** What a screen shows of a call, in short: two that differ in any row, or in their order, differ in this. */
export function screenOf(state: CallState): string {
  return createHash('sha256')
    .update(JSON.stringify([...state.timeline]))
    .digest('base64')
}
