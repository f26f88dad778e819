/** Values from outside (options, config files, scenario files), read by a schema. */
import type { z } from 'zod'

/** Returns `value` as the schema has it. Throws a TypeError that begins with `what` and names everything that is wrong. */
export function read<Output>(schema: z.ZodType<Output>, value: unknown, what: string): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new TypeError(`${what}: ${result.error.issues.map(describe).join('; ')}.`)
}

function describe(issue: z.core.$ZodIssue): string {
  // Of several shapes, the one that was meant has the least against it.
  const shapes = issue.code === 'invalid_union' ? issue.errors.toSorted((one, other) => one.length - other.length) : []
  const [closest = [], next = []] = shapes
  const why = closest.length < next.length ? closest.map(describe).join(', ') : issue.message
  return issue.path.length === 0 ? why : `${issue.path.join('.')}: ${why}`
}
