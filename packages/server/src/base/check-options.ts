/** Checks the host's options at run time, so that an unknown or invalid option stops the start. */
import { z } from 'zod'

/**
 * Checks options against their zod schema.
 *
 * @param name The name of the options in messages, such as `limits`; empty for the options of a server.
 * @throws when options are unknown or invalid; the message names each.
 */
export function checkOptions<Schema extends z.ZodType>(name: string, schema: Schema, given: unknown): z.output<Schema> {
  const read = schema.safeParse(given)
  if (read.success) return read.data
  const problems = read.error.issues.flatMap((issue) => {
    const path = [...(name === '' ? [] : [name]), ...issue.path.map(String)]
    const at = (...more: string[]) => `\`${[...path, ...more].join('.')}\``
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${at(key)} is not an option. Check its spelling.`)
    }
    return [`${path.length === 0 ? 'The value' : at()} ${issue.message}.`]
  })
  throw new Error(problems.join(' '))
}

const OBJECT = 'must be an object of options'

/** The schema of an object that rejects unknown keys. */
export const objectOf = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: messageOf(OBJECT) })

/** Replaces zod's error message with `message`, except for unknown keys. */
const messageOf = (message: string) => (issue: { code?: string | undefined }) =>
  issue.code === 'unrecognized_keys' ? undefined : message

/** The schema of a number in a range. */
export function numberBetween(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`
  return z.number(message).min(min, message).max(max, message).optional()
}

/** The schema of an optional value that is checked elsewhere. */
export const unchecked = z.unknown().optional()

/** The schema of an optional boolean. It rejects text, because the text `false` would be truthy. */
export const flag = z.boolean('must be `true` or `false`').optional()

/** The schema of a non-empty string. */
export const text = z.string('must be text').min(1, 'must not be empty').optional()

/** The schema of a list of non-empty strings. */
export const texts = z.array(z.string('must be text').min(1, 'must not be empty'), 'must be a list').optional()

/** The schema of a function. */
export const callback = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
)

/** The schema of an object that has the given methods. */
export const objectWith = (what: string, ...methods: readonly string[]) =>
  z
    .custom<object>(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        methods.every((method) => typeof Reflect.get(value, method) === 'function'),
      `must be ${what}`,
    )
    .optional()
