/**
 * Validates the body of a command by Telnyx's rules, in the browser's forms and on the server. An error detail names
 * the field and the rule, and never quotes the value.
 */
import type { core } from 'zod/mini'
import { type ErrorName, errorTable, type TelnyxError, telnyxError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type CommandBodies, commandSchemas } from './command.ts'
import type { CommandName } from './command-name.ts'

/** The result of `checkCommand`: the valid body, or the HTTP status and the errors in Telnyx's format. */
export type CommandCheck<Name extends CommandName> =
  | { ok: true; body: CommandBodies[Name] }
  | { ok: false; status: number; errors: [TelnyxError, ...TelnyxError[]] }

/** Validates a body against the schema of its command, then against the rules that relate several fields. */
export function checkCommand<Name extends CommandName>(name: Name, body: unknown): CommandCheck<Name> {
  const parsed = commandSchemas[name].safeParse(body, { reportInput: true })
  if (!parsed.success) {
    const found = parsed.error.issues.flatMap(errorsOf)
    return refusal(found)
  }
  const valid = parsed.data as CommandBodies[Name]
  const conflicts = conflictsIn(name, valid)
  return conflicts.length > 0 ? refusal(conflicts) : { ok: true, body: valid }
}

type Found = { name: ErrorName; error: TelnyxError }

function refusal(found: Found[]): { ok: false; status: number; errors: [TelnyxError, ...TelnyxError[]] } {
  const [first, ...rest] = found
  if (!first) throw new Error('A refused command needs at least one error. This is a bug in CallGather.')
  return { ok: false, status: errorTable[first.name].status, errors: [first.error, ...rest.map((each) => each.error)] }
}

const found = (name: ErrorName, pointer: string, detail: string): Found => ({
  name,
  error: telnyxError(name, detail, pointer),
})

// Fields that have a specific error code in Telnyx's catalogue.
const ownCode: Partial<Record<string, ErrorName>> = {
  terminating_digit: 'invalidTerminatingDigit',
  valid_digits: 'invalidValidDigits',
  payload: 'invalidPayload',
  client_state: 'invalidClientState',
}

function errorsOf(issue: core.$ZodIssue): Found[] {
  const field = String(issue.path[0] ?? '')
  const pointer = pointerTo(issue.path)
  const at = pointer === '/' ? 'The body' : `\`${issue.path.join('.')}\``
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        found('unknownParameter', pointerTo([...issue.path, key]), `\`${key}\` is not a parameter of this command.`),
      )
    case 'invalid_type':
      return issue.input === undefined && issue.path.length > 0
        ? [found('missingParameter', pointer, `${at} is required.`)]
        : [found('invalidType', pointer, `${at} must be of type ${issue.expected}.`)]
    case 'too_small':
    case 'too_big':
      return [sizeError(issue, field, pointer, at)]
    case 'invalid_value':
      return [found('invalidEnum', pointer, `${at} must be one of: ${issue.values.map(String).join(', ')}.`)]
    case 'invalid_format':
      if (field === 'command_id') {
        return [found('unknownParameter', pointer, `${at} must be 1 to 128 visible ASCII characters.`)]
      }
      return [found(ownCode[field] ?? 'invalidEnum', pointer, `${at} is not in the form Telnyx accepts.`)]
    default:
      return [found('invalidType', pointer, `${at} is not valid.`)]
  }
}

function sizeError(
  issue: core.$ZodIssueTooSmall | core.$ZodIssueTooBig,
  field: string,
  pointer: string,
  at: string,
): Found {
  if (issue.origin === 'string') {
    const rule = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
    return found(ownCode[field] ?? 'invalidLength', pointer, `${at} must have ${rule} characters.`)
  }
  const limit = (limits as Record<string, { min: number; max: number; code: string }>)[field]
  if (!limit) return found('outOfRange', pointer, `${at} is out of range.`)
  const error = telnyxError('outOfRange', `${at} must be between ${limit.min} and ${limit.max}.`, pointer)
  return { name: 'outOfRange', error: { ...error, code: limit.code, title: `Invalid value for ${field}` } }
}

function conflictsIn(name: CommandName, body: CommandBodies[CommandName]): Found[] {
  const conflicts: Found[] = []
  if ('minimum_digits' in body || 'maximum_digits' in body) {
    const minimum = body.minimum_digits ?? limits.minimum_digits.default
    const maximum = body.maximum_digits ?? limits.maximum_digits.default
    if (minimum > maximum) {
      conflicts.push(
        found('conflict', '/minimum_digits', '`minimum_digits` must not be greater than `maximum_digits`.'),
      )
    }
  }
  if (name === 'gather_using_audio') {
    const { audio_url, media_name, invalid_audio_url, invalid_media_name } = body as CommandBodies['gather_using_audio']
    if (audio_url === undefined && media_name === undefined)
      conflicts.push(found('missingParameter', '/audio_url', 'Either `audio_url` or `media_name` is required.'))
    if (audio_url !== undefined && media_name !== undefined)
      conflicts.push(found('conflict', '/media_name', '`audio_url` and `media_name` cannot both be set.'))
    if (invalid_audio_url !== undefined && invalid_media_name !== undefined)
      conflicts.push(
        found('conflict', '/invalid_media_name', '`invalid_audio_url` and `invalid_media_name` cannot both be set.'),
      )
  }
  return conflicts
}

/** Returns the JSON Pointer (RFC 6901) of a path in the body. */
function pointerTo(path: PropertyKey[]): string {
  return `/${path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
}
