/**
 * Returns the value of a required option. Options are often read from the environment, whose variables may be unset.
 *
 * @throws when the value is undefined. The message names the option.
 */
export function requiredOption<Value>(name: string, value: Value | undefined): Value {
  if (value !== undefined) return value
  throw new Error(
    `\`${name}\` is required, but is undefined. If it comes from an environment variable, set that variable.`,
  )
}
