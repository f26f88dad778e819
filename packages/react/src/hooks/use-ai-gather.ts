import { type AIGather, type FieldState, type SocketError, selectGather } from '@callgather/protocol'
import { useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import type { InferOutput, StandardSchemaV1 } from './standard-schema.ts'
import { useCall } from './use-call.ts'
import { type SettledCommandStatus, type UseCommandResult, useCommand } from './use-command.ts'
import { type AIGatherValidation, useValidated } from './use-validated.ts'

export type { AIGatherValidation } from './use-validated.ts'

/** The options of `useAIGather`. */
export interface UseAIGatherOptions<Schema extends StandardSchemaV1> {
  /** The schema that validates and types the gather's result: any Standard Schema (zod, valibot, ArkType, …). */
  schema: Schema
}

/** The state of an AI gather and the command to correct a field. */
export interface UseAIGatherResult<Value> {
  /** The latest gather of the call if it is an AI gather; otherwise `null`. */
  readonly gather: AIGather | null
  /** The requested fields of the gather, with their values so far. */
  readonly fields: readonly FieldState[]
  /** How many required fields have a value (`done`), and how many required fields there are (`of`). */
  readonly progress: { readonly done: number; readonly of: number }
  /** The final result of the gather, validated by `schema`. Without a schema, the result as Telnyx sent it. */
  readonly result: AIGatherValidation<Value>
  /** Whether the AI gather runs. */
  readonly isCollecting: boolean
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
  /** Sends the assistant a corrected value of a field (`ai_assistant_add_messages`). The caller does not hear it. */
  readonly correct: (field: string, value: unknown) => Promise<SettledCommandStatus>
  /** The progress of the last correction. */
  readonly correcting: UseCommandResult<'ai_assistant_add_messages'>
}

/** Returns the latest AI gather of a call: its fields with their values so far, and its validated result. */
export function useAIGather(callId?: string): UseAIGatherResult<Readonly<Record<string, unknown>>>
export function useAIGather<Schema extends StandardSchemaV1>(
  options: UseAIGatherOptions<Schema>,
): UseAIGatherResult<InferOutput<Schema>>
export function useAIGather<Schema extends StandardSchemaV1>(
  callId: string | undefined,
  options: UseAIGatherOptions<Schema>,
): UseAIGatherResult<InferOutput<Schema>>
export function useAIGather(
  first?: string | UseAIGatherOptions<StandardSchemaV1>,
  second?: UseAIGatherOptions<StandardSchemaV1>,
): UseAIGatherResult<unknown> {
  const callId = typeof first === 'object' ? undefined : first
  const { schema } = (typeof first === 'object' ? first : second) ?? {}
  const slice = useCall(callId, aiGatherSlice)
  const { gather } = slice
  const correcting = useCommand(callId, 'ai_assistant_add_messages', { slot: 'fields.correct' })
  const result = useValidated(schema, gather?.status === 'ended' ? gather.result : null)

  return useMemo(() => {
    const fields = slice.gather?.fields ?? noFields
    return {
      ...slice,
      fields,
      progress: slice.gather?.progress ?? noProgress,
      result,
      isCollecting: slice.gather?.status === 'collecting',
      correct: (name: string, value: unknown) => {
        const label = fields.find((field) => field.name === name)?.label ?? name
        const content = `The agent corrects the field "${label}" (${name}): its value is ${JSON.stringify(value)}. Use this value.`
        return correcting.mutateAsync({ messages: [{ role: 'system', content }] })
      },
      correcting,
    }
  }, [slice, result, correcting])
}

const noFields: readonly FieldState[] = []
const noProgress = { done: 0, of: 0 }

function aiGatherSlice({ state, sync, error }: CallFeed) {
  const gather = selectGather(state)
  return { gather: gather?.kind === 'fields' ? gather : null, sync, error: error ?? null }
}
