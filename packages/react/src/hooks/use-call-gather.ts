import {
  type AIGather,
  type CommandBodies,
  type DigitGather,
  type Gather,
  type GatherName,
  type GatherStatus,
  type Scope,
  type SocketError,
  selectGather,
} from '@callgather/protocol'
import { useCallback, useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { useCall } from './use-call.ts'
import {
  type CommandMutateOptions,
  type SettledCommandStatus,
  type UseAnyCommandResult,
  useAnyCommand,
} from './use-command.ts'
import { type UseConnectionResult, useConnection } from './use-connection.ts'

/** The properties that `useCallGather` returns in all statuses. */
export interface UseCallGatherBaseResult {
  /** The latest gather of the call; `null` if the call has had none, or if it is unknown. */
  readonly gather: DigitGather | AIGather | null
  /** The digits so far; a masked digit is `•`. Empty for an AI gather. */
  readonly digits: string
  /** Whether a gather runs. */
  readonly isCollecting: boolean
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /**
   * Why the call is `unavailable`, or why updates have stopped; then `gather` is the last known state. `null` while updates
   * arrive.
   */
  readonly error: SocketError | null
  /** The scopes that the ticket grants on this call. */
  readonly scopes: readonly Scope[]
  /** The connection to the server. */
  readonly connection: UseConnectionResult
  /** Starts a gather. While a gather runs, another is refused, unless `replace` stops the running gather first. */
  readonly start: <Name extends GatherName>(
    name: Name,
    body: CommandBodies[Name],
    options?: CommandMutateOptions,
  ) => Promise<SettledCommandStatus>
  /** Stops the running gather with `gather_stop`, or an AI gather with `ai_assistant_stop`. */
  readonly stop: () => Promise<SettledCommandStatus>
  /** The progress of the last `start`. */
  readonly starting: UseAnyCommandResult
  /** The progress of the last `stop`. */
  readonly stopping: UseAnyCommandResult
}

/** A call's gather, discriminated by `status`. */
export type UseCallGatherResult = UseCallGatherBaseResult &
  (
    | {
        /** `connecting`: the call state has not arrived yet. `idle`: the call has had no gather. */
        readonly status: 'connecting' | 'idle'
        readonly gather: null
      }
    | {
        /** The agent may not watch the call, or the call does not exist. */
        readonly status: 'unavailable'
        readonly gather: null
        readonly error: SocketError
      }
    | {
        /**
         * `requested`: the command was sent to Telnyx. `collecting`: the gather runs. `ended`: see `gather.outcome`.
         * `refused`: see `gather.refusal`. `unknown`: Telnyx did not answer, so the gather may run.
         */
        readonly status: GatherStatus
        readonly gather: DigitGather | AIGather
      }
  )

/** Returns the latest gather of a call, and the commands to start and stop a gather. */
export function useCallGather(callId?: string): UseCallGatherResult {
  const slice = useCall(callId, gatherSlice)
  const connection = useConnection()
  const starting = useAnyCommand(callId, { slot: 'gather.start' })
  const stopping = useAnyCommand(callId, { slot: 'gather.stop' })
  const { mutateAsync: start } = starting
  const { mutateAsync: sendStop } = stopping
  const isConversation = slice.gather?.kind === 'fields'
  const stop = useCallback(
    () => (isConversation ? sendStop('ai_assistant_stop', {}) : sendStop('gather_stop', {})),
    [isConversation, sendStop],
  )
  return useMemo(
    () => ({ ...situationOf(slice), connection, start, stop, starting, stopping }),
    [slice, connection, start, stop, starting, stopping],
  )
}

interface GatherSlice {
  readonly gather: Gather | null
  readonly sync: SyncStatus
  readonly known: boolean
  readonly scopes: readonly Scope[]
  readonly error: SocketError | null
}

function gatherSlice({ state, sync, cursor, scopes, error }: CallFeed): GatherSlice {
  return { gather: selectGather(state), sync, known: cursor !== null, scopes, error: error ?? null }
}

function situationOf({ gather, sync, known, scopes, error }: GatherSlice) {
  const common = { sync, scopes, digits: gather?.kind === 'digits' ? gather.digits : '' }
  if (gather) return { ...common, status: gather.status, gather, error, isCollecting: gather.status === 'collecting' }
  if (!known && error) return { ...common, status: 'unavailable' as const, gather, error, isCollecting: false }
  return { ...common, status: known ? ('idle' as const) : ('connecting' as const), gather, error, isCollecting: false }
}
