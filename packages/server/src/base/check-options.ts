/** Checks what the host gives as options, however it was written: a misspelt or impossible one must not start a server. */
import { z } from 'zod'

/**
 * Checks options against their schema.
 *
 * @param name How messages name the whole, such as `limits`; empty for the options of a server.
 * @throws when one is misspelt or impossible; the message names each.
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
    return [`${path.length === 0 ? 'What was given' : at()} ${issue.message}.`]
  })
  throw new Error(problems.join(' '))
}

const OBJECT = 'must be an object of options'

/** An object of which every key is known. */
export const objectOf = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: messageOf(OBJECT) })

/** The message of a value of another type; of a key too many, zod's own. */
const messageOf = (message: string) => (issue: { code?: string | undefined }) =>
  issue.code === 'unrecognized_keys' ? undefined : message

/** A number in a range. */
export function numberBetween(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`
  return z.number(message).min(min, message).max(max, message).optional()
}

/** Whatever has its own check. */
export const unchecked = z.unknown().optional()

/** `true` or `false`: the text `false`, as from an environment variable, would count as true. */
export const flag = z.boolean('must be `true` or `false`').optional()

/** A text that is not empty. */
export const text = z.string('must be text').min(1, 'must not be empty').optional()

/** A list of texts that are not empty. */
export const texts = z.array(z.string('must be text').min(1, 'must not be empty'), 'must be a list').optional()

/** A function of the host. */
export const callback = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
)

/** An object with certain methods. */
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
