/** Validates external values: options, config files, scenario files. */
import type { z } from 'zod'

/** Parses `value` with the schema. Throws a TypeError that starts with `what` and lists all issues. */
export function read<Output>(schema: z.ZodType<Output>, value: unknown, what: string): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new TypeError(`${what}: ${result.error.issues.map(describe).join('; ')}.`)
}

function describe(issue: z.core.$ZodIssue): string {
  // The union member with the shortest issue list is most likely the intended member.
  const shapes = issue.code === 'invalid_union' ? issue.errors.toSorted((a, b) => a.length - b.length) : []
  const [closest = [], next = []] = shapes
  const why = closest.length < next.length ? closest.map(describe).join(', ') : issue.message
  return issue.path.length === 0 ? why : `${issue.path.join('.')}: ${why}`
}
