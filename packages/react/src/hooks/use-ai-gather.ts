import { type AIGather, type FieldState, type SocketError, selectGather } from '@callgather/protocol'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import type { InferOutput, StandardIssue, StandardSchemaV1 } from './standard-schema.ts'
import { useCall } from './use-call.ts'
import { type Command, type CommandSettled, useCommand } from './use-command.ts'

/** How an AI gather is read. */
export interface AIGatherOptions<Schema extends StandardSchemaV1> {
  /** Checks and types the result: any schema that implements Standard Schema (zod, valibot, ArkType, …). */
  schema?: Schema
}

/** The result of an AI gather, before and after it was checked. */
export type AIGatherResult<Value> =
  | { readonly status: 'none'; readonly value: null; readonly issues: readonly [] }
  /** The schema checks asynchronously and has not answered yet. */
  | { readonly status: 'checking'; readonly value: null; readonly issues: readonly [] }
  | { readonly status: 'valid'; readonly value: Value; readonly issues: readonly [] }
  | { readonly status: 'invalid'; readonly value: null; readonly issues: readonly StandardIssue[] }

/** An AI gather as it fills in. */
export interface AIGatherView<Value> {
  /** The AI gather that began last; `null` if there was none, or another kind came since. */
  readonly gather: AIGather | null
  /** What is asked for, and what has been heard of each. */
  readonly fields: readonly FieldState[]
  /** How many required fields are in, of how many. */
  readonly progress: { readonly done: number; readonly of: number }
  /** The final result. Without a schema, whatever Telnyx sent. */
  readonly result: AIGatherResult<Value>
  readonly isCollecting: boolean
  readonly sync: SyncStatus
  readonly error: SocketError | null
  /** Tells the assistant that a field has another value (`ai_assistant_add_messages`); the caller hears nothing. */
  readonly correct: (field: string, value: unknown) => Promise<CommandSettled>
  /** Where the last correction stands. */
  readonly correcting: Command<'ai_assistant_add_messages'>
}

type Json = Readonly<Record<string, unknown>>

/** The AI gather of a call that began last: its fields as they fill in, and its result checked by your schema. */
export function useAIGather(callId: string): AIGatherView<Json>
export function useAIGather<Schema extends StandardSchemaV1>(
  callId: string,
  options: { schema: Schema },
): AIGatherView<InferOutput<Schema>>
export function useAIGather(callId: string, options: AIGatherOptions<StandardSchemaV1> = {}): AIGatherView<unknown> {
  const { gather, sync, error } = useCall(callId, aiGatherSlice)
  const correcting = useCommand(callId, 'ai_assistant_add_messages')
  const { run } = correcting
  const result = useValidated(options.schema, gather?.status === 'ended' ? gather.result : null)

  const fields = gather?.fields ?? noFields
  const correct = useCallback(
    (name: string, value: unknown) => {
      const label = fields.find((field) => field.name === name)?.label ?? name
      const content = `The agent corrects the field "${label}" (${name}): its value is ${JSON.stringify(value)}. Use this value.`
      return run({ messages: [{ role: 'system', content }] })
    },
    [fields, run],
  )

  return useMemo(
    () => ({
      gather,
      fields,
      progress: gather?.progress ?? noProgress,
      result,
      isCollecting: gather?.status === 'collecting',
      sync,
      error,
      correct,
      correcting,
    }),
    [gather, fields, result, sync, error, correct, correcting],
  )
}

const noFields: readonly FieldState[] = []
const noProgress = { done: 0, of: 0 }

function aiGatherSlice({ state, sync, error }: CallFeed) {
  const gather = selectGather(state)
  return { gather: gather?.kind === 'fields' ? gather : null, sync, error: error ?? null }
}

const none = { status: 'none', value: null, issues: [] } as const
const checking = { status: 'checking', value: null, issues: [] } as const

/** Checks a value once per value and schema. Most schemas answer at once; for those that do not, there is a state. */
function useValidated(schema: StandardSchemaV1 | undefined, value: unknown): AIGatherResult<unknown> {
  const answer = useMemo(() => {
    if (value === null) return none
    if (!schema) return { status: 'valid', value, issues: [] } as const
    const judged = schema['~standard'].validate(value)
    return judged instanceof Promise ? judged.then(resultOf) : resultOf(judged)
  }, [schema, value])
  const [late, setLate] = useState<{ of: unknown; result: AIGatherResult<unknown> } | null>(null)
  useEffect(() => {
    if (!(answer instanceof Promise)) return
    let current = true
    void answer.then((result) => current && setLate({ of: answer, result }))
    return () => {
      current = false
    }
  }, [answer])
  if (!(answer instanceof Promise)) return answer
  return late?.of === answer ? late.result : checking
}

function resultOf(judged: Awaited<ReturnType<StandardSchemaV1['~standard']['validate']>>): AIGatherResult<unknown> {
  return judged.issues
    ? { status: 'invalid', value: null, issues: judged.issues }
    : { status: 'valid', value: judged.value, issues: [] }
}
