/**
 * Restricts the fields that a client may set in a command. Browser code is untrusted: it must not redirect
 * events, play files from any host, give tools to an assistant, or write our marks.
 *
 * An allow-list at every depth: an unlisted field is refused by its path. `allowFields` opens paths; templates on the
 * server supply whole bodies. Host code (`gather.call(id)`) and trusted tickets are not checked.
 */

import {
  type CommandName,
  GatherError,
  gatherError,
  isCommandName,
  isGather,
  isMask,
  MAX_LABEL_LENGTH,
  type Mask,
  type TemplateOffer,
  telnyxError,
} from '@callgather/protocol'
import { checkCommand, commandSchemas } from '@callgather/protocol/schema'
import { asRecord } from '../base/json.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'
import { findSchemaFaults } from './schema-policy.ts'
import { hasExternalReference } from './ssml-policy.ts'

/** A command body that is stored on the server and that clients use by name. */
export interface CommandTemplate {
  readonly command: CommandName
  readonly body: Readonly<Record<string, unknown>>
  /** Offers a gather template to agents as a button with this label of at most 60 characters. Default: no button. */
  readonly label?: string
  /** The icon of the button: an `IconName` of `@callgather/react`, such as `lock`. */
  readonly icon?: string
  /** The mask of the gather. The stricter of this mask, `policy.mask` and the client's mask applies. */
  readonly mask?: Mask
}

/** Limits what clients may send in commands. */
export interface CommandPolicy {
  /**
   * Paths of command fields that are refused by default and that clients may set, such as `client_state`.
   */
  readonly allowFields?: readonly string[]
  /** Hosts from which `audio_url` and `invalid_audio_url` may come. Default: none; `media_name` is always allowed. */
  readonly mediaHosts?: readonly string[]
  /** Bodies that clients use with `{"template": "name"}`. Clients may add fields but not change any. */
  readonly templates?: Readonly<Record<string, CommandTemplate>>
  /**
   * The mask of all gathers, or a function that returns the mask of each. A client may send a stricter mask
   * (`callgather-mask: digits`), never a weaker one.
   */
  readonly mask?:
    | Mask
    | ((command: {
        callId: string
        command: CommandName
        body: unknown
      }) => Mask | undefined | Promise<Mask | undefined>)
    | undefined
}

/** Paths of command fields that a client may not set, each with the reason. */
const refusedPaths: Readonly<Record<string, string>> = {
  client_state: 'it is how the server recognises what follows a command',
  assistant: 'it may hold tools and other systems',
  'assistant.tools': 'tools can call other systems and transfer calls',
  'assistant.instructions': 'instructions decide what the assistant does',
  'assistant.model': 'the model is the server’s choice',
  'assistant.openai_api_key_ref': 'it names a secret',
  'assistant.llm_api_key_ref': 'it names a secret',
  'assistant.external_llm': 'it sends the conversation to another system',
  'assistant.fallback_config': 'it sends the conversation to another system',
  'assistant.mcp_servers': 'it connects other systems',
  'assistant.observability_settings': 'it sends the conversation to another system',
  'assistant.webhook_url': 'it sends the conversation to another system',
  'assistant.dynamic_variables_webhook_url': 'it sends the call to another system',
  'assistant.messaging_settings': 'it sends messages to others',
  'assistant.telephony_settings': 'it changes how calls are handled',
  'assistant.insight_settings': 'it sends the conversation to another system',
  'assistant.privacy_settings': 'it decides what is kept of the conversation',
  'assistant.widget_settings': 'it changes what others see',
  'assistant.voice_settings': 'it may name a secret',
  'assistant.transcription': 'it may name another system',
  'voice_settings.api_key_ref': 'it names a secret',
  'voice_settings.deployment_id': 'it names a deployment of the account',
  'message_history.tool_calls': 'it pretends that a tool was called',
  'message_history.tool_call_id': 'it pretends that a tool answered',
  'message_history.metadata': 'it reaches the assistant’s other systems',
  'messages.tool_calls': 'it pretends that a tool was called',
  'messages.tool_call_id': 'it pretends that a tool answered',
  'messages.metadata': 'it reaches the assistant’s other systems',
  participants: 'it brings further calls into the conversation',
}

/** Keys that a client may set, by path of an object that Telnyx's schemas leave open. Values must be plain. */
const allowedInside: Readonly<Record<string, readonly string[]>> = {
  voice_settings: [
    'type',
    'voice_speed',
    'speed',
    'vol',
    'pitch',
    'language_boost',
    'language',
    'precision',
    'sample_rate',
    'format',
    'delivery_mode',
    'reduce_silence',
    'effect',
    'gender',
    'region',
  ],
  transcription: ['model', 'language'],
  interruption_settings: ['enable'],
  message_history: ['role', 'content'],
  messages: ['role', 'content'],
  assistant: ['id', 'name', 'greeting', 'dynamic_variables'],
}
const mediaFields = ['audio_url', 'invalid_audio_url'] as const
const mediaNames = ['media_name', 'invalid_media_name'] as const
/** Command fields with spoken text, which may be SSML. */
const spokenFields = ['payload', 'invalid_payload', 'greeting', 'gather_ended_speech'] as const
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** The form of a name in Telnyx's media storage: no path, URL or escape sequence. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
const MEDIA_NAME = /^[^\u0000-\u001f\u007f/\\:?#%]+$/u

/** Every path that `allowFields` may name. */
const allowablePaths: ReadonlySet<string> = new Set([
  ...Object.keys(refusedPaths),
  ...Object.entries(allowedInside).flatMap(([path, keys]) => keys.map((key) => `${path}.${key}`)),
  ...Object.values(commandSchemas).flatMap((schema) => Object.keys(schema.shape)),
])

/**
 * Checks the paths of `allowFields` and returns the paths.
 *
 * @throws when a path is unknown. The message lists the valid paths.
 */
export function checkAllowFields(paths: readonly string[]): readonly string[] {
  const unknown = paths.filter((path) => !allowablePaths.has(path))
  if (unknown.length === 0) return paths
  const valid = [...allowablePaths].sort().join(', ')
  throw new Error(`${unknown.map((path) => `"${path}"`).join(', ')} is not a field of a command. Use: ${valid}.`)
}

/**
 * Checks the media hosts and returns the hosts in lower case.
 *
 * @throws when an entry is not a host name, for example a URL.
 */
export function checkMediaHosts(hosts: readonly string[]): readonly string[] {
  return hosts.map((host) => {
    const url = URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : null
    const isHost = /^[a-z0-9.-]+$/i.test(host) && url?.hostname === host.toLowerCase()
    if (!isHost)
      throw new Error(`"${host}" is not a host name. Write it without scheme, port and path: media.example.com.`)
    return host.toLowerCase()
  })
}

/**
 * Checks a command policy.
 *
 * @throws when a setting is invalid: an unknown field, a URL as a host, or a template with an invalid body.
 */
export function checkCommandPolicy(policy: CommandPolicy): void {
  const named = (option: string, check: () => unknown) => {
    try {
      check()
    } catch (error) {
      throw new Error(`\`policy.${option}\`: ${error instanceof Error ? error.message : 'is not valid.'}`)
    }
  }
  const { allowFields, mediaHosts, templates, mask } = policy
  named('allowFields', () => checkAllowFields(allowFields ?? []))
  named('mediaHosts', () => checkMediaHosts(mediaHosts ?? []))
  for (const [name, template] of Object.entries(templates ?? {})) {
    named(`templates.${name}`, () => checkTemplate(template))
  }
  if (mask !== undefined && typeof mask !== 'function' && !isMask(mask)) {
    throw new Error('`policy.mask` must be `all`, `digits` or `allButLast4`, or a function that returns one.')
  }
}

function checkTemplate({ command, body, label, mask }: CommandTemplate): void {
  if (!isCommandName(command)) throw new Error('`command` must be one of the eight commands.')
  if (label !== undefined && (!isGather(command) || label.trim() === '' || label.length > MAX_LABEL_LENGTH))
    throw new Error(`\`label\` must be 1 to ${MAX_LABEL_LENGTH} characters, on the template of a gather.`)
  if (mask !== undefined && !isMask(mask)) throw new Error('`mask` must be `all`, `digits` or `allButLast4`.')
  const checked = checkCommand(command, body)
  // A template may omit required fields, because clients add them.
  const faults = checked.ok ? [] : checked.errors.filter(({ code }) => code !== MISSING)
  if (faults.length > 0) throw new Error(faults.map(({ detail, title }) => detail ?? title).join(' '))
}

const MISSING = '10004'

/** Returns the templates with a label, which agents get as buttons. */
export const offersOf = ({ templates = {} }: CommandPolicy): TemplateOffer[] =>
  Object.entries(templates).flatMap(([name, { command, label, mask, icon }]) =>
    label === undefined || !isGather(command)
      ? []
      : [{ name, command, label, ...(mask === undefined ? {} : { mask }), ...(icon === undefined ? {} : { icon }) }],
  )

/** Returns the template that a command body names; `undefined` if it names none. */
export function templateOf(command: CommandName, body: unknown, policy: CommandPolicy): CommandTemplate | undefined {
  const name = asRecord(body)?.template
  return name === undefined ? undefined : findTemplate(command, name, policy)
}

/** Checks a command body against the policy, unless its sender is `trusted`, and merges the template that it names. */
export function applyPolicy(command: CommandName, body: unknown, policy: CommandPolicy, trusted: boolean): unknown {
  const given = asRecord(body)
  if (!given) return body
  const { template: name, ...own } = given
  const template = name === undefined ? null : findTemplate(command, name, policy)
  if (!trusted) checkFields(own, policy)
  if (!template) return name === undefined ? body : own
  const changed = Object.keys(own).filter((key) => Object.hasOwn(template.body, key))
  if (changed.length > 0) {
    throw policyError(changed.map((key) => [[key], `\`${key}\` is set by the template and cannot be changed.`]))
  }
  return { ...template.body, ...own }
}

function findTemplate(command: CommandName, name: unknown, { templates = {} }: CommandPolicy): CommandTemplate {
  const template = typeof name === 'string' && Object.hasOwn(templates, name) ? templates[name] : undefined
  if (!template || template.command !== command) {
    throw gatherError('unknownParameter', 'The server has no template with this name for this command.', '/template')
  }
  return template
}

type Fault = readonly [path: readonly string[], detail: string]

function checkFields(body: Readonly<Record<string, unknown>>, policy: CommandPolicy): void {
  const { allowFields = [], mediaHosts = [] } = policy
  const isAllowed = (path: string) => allowFields.some((allowed) => path === allowed || path.startsWith(`${allowed}.`))
  const isMedia = (url: unknown) => isFrom(url, mediaHosts)
  const faults: Fault[] = []
  for (const [key, value] of Object.entries(body)) {
    if (isAllowed(key)) continue
    const keys = Object.hasOwn(allowedInside, key) ? allowedInside[key] : undefined
    if (keys) faults.push(...nestedFaults(key, keys, value, isAllowed))
    else if (Object.hasOwn(refusedPaths, key)) faults.push(refusedFault([key], key))
    else if (key === 'parameters') faults.push(...findSchemaFaults([key], value))
  }
  for (const field of mediaFields) {
    if (body[field] === undefined || isAllowed(field) || isMedia(body[field])) continue
    faults.push([[field], `\`${field}\` must be an https URL of a host that the server allows. Use \`media_name\`.`])
  }
  for (const field of mediaNames) {
    const name = body[field]
    if (typeof name !== 'string' || isAllowed(field) || MEDIA_NAME.test(name)) continue
    faults.push([[field], `\`${field}\` must be the name of a file in Telnyx’s media storage, not a URL.`])
  }
  const isSsml = body.payload_type === 'ssml'
  const greeting = asRecord(body.assistant)?.greeting
  const spoken: [path: string[], text: unknown][] = spokenFields.map((field) => [[field], body[field]])
  for (const [path, text] of [...spoken, [['assistant', 'greeting'], greeting] as const]) {
    if (text === HIDDEN_TEXT) faults.push([path, `\`${path.join('.')}\` is text that the log hides. Write it again.`])
    if (typeof text !== 'string' || isAllowed(path.join('.'))) continue
    if (!hasExternalReference(text, { isSsml: isSsml && path[0]?.endsWith('payload') === true, isMedia })) continue
    faults.push([path, `\`${path.join('.')}\` may hold plain SSML only. Remove references to external files.`])
  }
  // A client may name its command, but a name that is not random could collide with another command's.
  if (body.command_id !== undefined && !isAllowed('command_id') && !UUID.test(String(body.command_id))) {
    faults.push([['command_id'], '`command_id` must be a UUID when a client sets it.'])
  }
  if (faults.length > 0) throw policyError(faults)
}

/** Finds the forbidden keys and values in an object, or a list of objects, with restricted keys. */
function nestedFaults(
  field: string,
  keys: readonly string[],
  value: unknown,
  isAllowed: (path: string) => boolean,
): Fault[] {
  const each: [path: string[], value: unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index) => [[field, String(index)], item])
    : [[[field], value]]
  return each.flatMap(([path, item]) =>
    Object.entries(asRecord(item) ?? {}).flatMap(([key, inner]): Fault[] => {
      const name = `${field}.${key}`
      const at = [...path, key]
      if (isAllowed(name)) return []
      if (!keys.includes(key)) return [refusedFault(at, name)]
      if (key === 'dynamic_variables') return variableFaults(at, inner)
      return isPlain(inner) ? [] : [[at, `\`${name}\` must be a plain value.`]]
    }),
  )
}

/** Finds forbidden variables for an assistant's prompt. Telnyx reserves its own variable names. */
function variableFaults(at: readonly string[], variables: unknown): Fault[] {
  return Object.entries(asRecord(variables) ?? {}).flatMap(([key, value]): Fault[] => {
    if (isPlain(value) && !key.toLowerCase().startsWith('telnyx_')) return []
    return [[[...at, key], 'A dynamic variable must be a plain value, and its name must not start with `telnyx_`.']]
  })
}

const isPlain = (value: unknown) => value === null || typeof value !== 'object'

function refusedFault(at: readonly string[], path: string): Fault {
  const why = Object.hasOwn(refusedPaths, path) ? `: ${refusedPaths[path]}` : ''
  return [at, `\`${path}\` may not be set by a client${why}. Use a template of the server.`]
}

/** Whether a value is an https URL on an allowed host, without user, password or port. */
function isFrom(url: unknown, hosts: readonly string[]): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname, port, username, password } = new URL(url)
  return protocol === 'https:' && port === '' && username === '' && password === '' && isListed(hostname, hosts)
}

const isListed = (hostname: string, hosts: readonly string[]) => hosts.some((host) => host.toLowerCase() === hostname)

function policyError(faults: readonly Fault[]): GatherError {
  // Bounds the error response to a body with many faults.
  const errors = faults.slice(0, 16).map(([path, detail]) => telnyxError('unknownParameter', detail, pointerTo(path)))
  const [first, ...rest] = errors
  if (!first) throw new Error('A refused command needs at least one error. This is a bug in CallGather.')
  return new GatherError(400, [first, ...rest])
}

/** A JSON Pointer (RFC 6901) to a place in the body. */
const pointerTo = (path: readonly string[]) =>
  `/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
