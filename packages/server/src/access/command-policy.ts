/**
 * What somebody with a ticket may put into a command. A browser is not our code any more once it is in a browser: it may
 * not send the call's events elsewhere, play files from anywhere, arm an assistant with tools, or write our marks.
 *
 * Fields that could are refused by name unless the server's own policy allows them; templates, kept on the server,
 * supply them instead. The host's own code (`gather.call(id)`) and trusted tickets are not asked.
 */
import { type CommandName, GatherError, gatherError, type Mask, telnyxError } from '@callgather/protocol'
import { asRecord } from '../telnyx/webhook.ts'

/** A command's body that the server keeps, for clients to ask for by name. */
export interface CommandTemplate {
  readonly command: CommandName
  readonly body: Readonly<Record<string, unknown>>
}

/** What the server allows its clients. */
export interface CommandPolicy {
  /**
   * Fields that are refused by default and are to be allowed, as paths: `assistant.instructions`, `client_state`.
   */
  readonly allowFields?: readonly string[]
  /** Hosts from which `audio_url` and `invalid_audio_url` may come. Default: none; `media_name` is always allowed. */
  readonly mediaHosts?: readonly string[]
  /** Bodies that clients ask for with `{"template": "name"}`, adding to them but changing nothing in them. */
  readonly templates?: Readonly<Record<string, CommandTemplate>>
  /**
   * How much of a gather's input may be shown: a word for all gathers, or a decision for each. Whoever starts a gather
   * may ask for more secrecy (`callgather-mask: digits`), never for less.
   */
  readonly mask?: Mask | ((command: { callId: string; command: CommandName; body: unknown }) => Mask | undefined)
}

/** Paths that a client may not set by itself, and what each could do. */
const refusedPaths: Readonly<Record<string, string>> = {
  client_state: 'it is how the server recognises what follows a command',
  'assistant.tools': 'tools can call other systems and transfer calls',
  'assistant.instructions': 'instructions decide what the assistant does',
  'assistant.model': 'the model is the server’s choice',
  'assistant.openai_api_key_ref': 'it names a secret',
  'assistant.llm_api_key_ref': 'it names a secret',
  'assistant.external_llm': 'it sends the conversation to another system',
  'assistant.fallback_config': 'it sends the conversation to another system',
  'assistant.mcp_servers': 'it connects other systems',
  'assistant.observability_settings': 'it sends the conversation to another system',
  'voice_settings.api_key_ref': 'it names a secret',
  participants: 'it brings further calls into the conversation',
}
const mediaFields = ['audio_url', 'invalid_audio_url'] as const
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A command's body with its template filled in, checked against the policy; `trusted` senders are not checked. */
export function applyPolicy(command: CommandName, body: unknown, policy: CommandPolicy, trusted: boolean): unknown {
  const given = asRecord(body)
  if (!given) return body
  const { template: name, ...own } = given
  const template = name === undefined ? null : templateOf(command, name, policy)
  if (!trusted) checkFields(own, policy)
  if (!template) return name === undefined ? body : own
  const changed = Object.keys(own).filter((key) => Object.hasOwn(template.body, key))
  if (changed.length > 0) {
    throw refusal(changed.map((key) => [key, `\`${key}\` is set by the template and cannot be changed.`]))
  }
  return { ...template.body, ...own }
}

function templateOf(command: CommandName, name: unknown, { templates = {} }: CommandPolicy): CommandTemplate {
  const template = typeof name === 'string' && Object.hasOwn(templates, name) ? templates[name] : undefined
  if (!template || template.command !== command) {
    throw gatherError('unknownParameter', 'The server has no such template for this command.', '/template')
  }
  return template
}

function checkFields(
  body: Readonly<Record<string, unknown>>,
  { allowFields = [], mediaHosts = [] }: CommandPolicy,
): void {
  const faults: [path: string, detail: string][] = []
  for (const [path, why] of Object.entries(refusedPaths)) {
    if (allowFields.includes(path) || !holds(body, path.split('.'))) continue
    faults.push([path, `\`${path}\` may not be set by a client: ${why}. Use a template of the server.`])
  }
  for (const field of mediaFields) {
    const url = body[field]
    if (url === undefined || allowFields.includes(field) || isFrom(url, mediaHosts)) continue
    faults.push([field, `\`${field}\` must be an https URL of a host that the server allows. Use \`media_name\`.`])
  }
  // A client names its command so that it can follow it; anything but a random name could be somebody else's.
  if (body.command_id !== undefined && !allowFields.includes('command_id') && !UUID.test(String(body.command_id))) {
    faults.push(['command_id', '`command_id` must be a UUID when a client sets it.'])
  }
  if (faults.length > 0) throw refusal(faults)
}

function holds(body: Readonly<Record<string, unknown>>, [first = '', ...rest]: readonly string[]): boolean {
  if (!Object.hasOwn(body, first)) return false
  if (rest.length === 0) return true
  const inner = asRecord(body[first])
  return inner !== undefined && holds(inner, rest)
}

/** Whether a URL is of an allowed host, over https, and of nothing else: no user, no port, no address in disguise. */
function isFrom(url: unknown, hosts: readonly string[]): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname, port, username, password } = new URL(url)
  return protocol === 'https:' && port === '' && username === '' && password === '' && hosts.includes(hostname)
}

function refusal(faults: readonly (readonly [path: string, detail: string])[]): GatherError {
  const errors = faults.map(([path, detail]) =>
    telnyxError('unknownParameter', detail, `/${path.split('.').join('/')}`),
  )
  const [first, ...rest] = errors
  if (!first) throw new Error('A refusal needs a reason.')
  return new GatherError(400, [first, ...rest])
}
