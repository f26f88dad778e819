/**
 * Validates a value by the host's schema. The validation settles even if the schema throws, rejects, hangs or returns a
 * malformed result.
 */
import { useEffect, useMemo, useRef, useState } from 'react'
import { useGatherClient } from './provider.tsx'
import type { StandardIssue, StandardSchemaV1 } from './standard-schema.ts'

/** The result of an AI gather, before, during and after its validation. */
export type AIGatherValidation<Value> =
  | { readonly status: 'none'; readonly value: null; readonly issues: readonly [] }
  /** The schema validates asynchronously and has not settled yet. */
  | { readonly status: 'checking'; readonly value: null; readonly issues: readonly [] }
  | { readonly status: 'valid'; readonly value: Value; readonly issues: readonly [] }
  /** The result does not match the schema, or the schema failed; see `issues`. */
  | { readonly status: 'invalid'; readonly value: null; readonly issues: readonly StandardIssue[] }

type Result = AIGatherValidation<unknown>

/** How long an asynchronous schema may take before the result is `invalid`. */
const MAX_CHECK_MS = 10_000

const none = { status: 'none', value: null, issues: [] } as const
const checking = { status: 'checking', value: null, issues: [] } as const
const failed = (message: string): Result => ({ status: 'invalid', value: null, issues: [{ message }] })

/**
 * Validates a value. A synchronous schema has its result in the same render; an asynchronous schema is `checking`
 * first. A result that equals the rendered result keeps its identity, so that an effect may depend on it.
 */
export function useValidated(schema: StandardSchemaV1 | undefined, value: unknown): Result {
  const result = useCheck(schema, value)
  const shown = useRef(result)
  const stable = isSameData(shown.current, result) ? shown.current : result
  useEffect(() => {
    shown.current = stable
  }, [stable])
  return stable
}

function useCheck(schema: StandardSchemaV1 | undefined, value: unknown): Result {
  const { clock } = useGatherClient()
  const answer = useMemo((): Result | Promise<Result> => {
    if (value === null) return none
    return schema ? check(schema, value) : { status: 'valid', value, issues: [] }
  }, [schema, value])
  const [late, setLate] = useState<{ answer: unknown; value: unknown; result: Result } | null>(null)
  /** The last update of `late` that was rendered. */
  const rendered = useRef(late)

  useEffect(() => {
    if (!(answer instanceof Promise)) return
    const isOurUpdate = rendered.current !== late
    rendered.current = late
    // An inline schema is new in each render, so a validation after our own update would loop forever.
    if (isOurUpdate || late?.answer === answer) return
    let isCurrent = true
    const settle = (result: Result) => {
      if (!isCurrent) return
      isCurrent = false
      cancelDeadline()
      if (late === null || late.value !== value || !isSameData(late.result, result)) setLate({ answer, value, result })
    }
    const cancelDeadline = clock.setTimeout(
      () => settle(failed('The schema did not answer within 10 seconds.')),
      MAX_CHECK_MS,
    )
    answer.then(settle, () => settle(threw))
    return () => {
      isCurrent = false
      cancelDeadline()
    }
  }, [answer, late, value, clock])

  if (!(answer instanceof Promise)) return answer
  return late !== null && late.value === value ? late.result : checking
}

const threw = failed('The schema threw an error, so the result was not checked.')
const malformed = failed('The schema returned neither a value nor issues, so the result was not checked.')

function check(schema: StandardSchemaV1, value: unknown): Result | Promise<Result> {
  try {
    const answer: unknown = schema['~standard'].validate(value)
    if (!isThenable(answer)) return resultOf(answer)
    return Promise.resolve(answer).then(resultOf, () => threw)
  } catch {
    return threw
  }
}

function resultOf(answer: unknown): Result {
  try {
    if (!isObject(answer)) return malformed
    const { issues } = answer
    if (issues === undefined)
      return 'value' in answer ? { status: 'valid', value: answer.value, issues: [] } : malformed
    return Array.isArray(issues) ? { status: 'invalid', value: null, issues: issues.map(issueOf) } : malformed
  } catch {
    return threw
  }
}

function issueOf(issue: unknown): StandardIssue {
  if (!isObject(issue) || typeof issue.message !== 'string') return { message: 'The result does not match.' }
  return Array.isArray(issue.path) ? { message: issue.message, path: issue.path } : { message: issue.message }
}

/** Results nested deeper than this count as different, which also ends the comparison of cyclic results. */
const MAX_DEPTH = 20

/** Whether two results have the same data. Compares plain objects, arrays, dates and primitives. */
function isSameData(one: unknown, other: unknown, depth = 0): boolean {
  if (Object.is(one, other)) return true
  if (depth > MAX_DEPTH) return false
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime()
  if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSameData(one[key], other[key], depth + 1))
  )
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  isObject(value) && typeof value.then === 'function'

/** Whether a value is an object literal or an array. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
