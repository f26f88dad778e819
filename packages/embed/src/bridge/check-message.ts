/**
 * Validates messages of the host contract in few bytes, because the schema of the protocol is larger than the whole host
 * script. Its test compares both. A change of the contract must change these tables too.
 */
import type { HostErrorEvent, HostEvent, HostRequest } from '@callgather/protocol'
import { HOST_CONTRACT, HOST_CONTRACT_VERSION } from '@callgather/protocol'

/**
 * The fields of a message as `name:rule`, separated by spaces. A rule in capitals also allows `null`; a name with `?` may
 * be missing.
 */
type Fields = string
type Table<Message extends { readonly type: string }> = { readonly [Type in Message['type']]: Fields }

const call = 'callId:i sessionId:S from:S to:S direction:S'
const item = 'gatherId:i kind:k name:s label:s value:v digitCount:C last4:S mask:M outcome:S at:t'
const gather = `${call} gatherId:i kind:k command:G mask:M`
const ended = `${call} startedAt:T`

const events: Table<HostEvent> = {
  ready: 'contract:o version:w callId:I',
  resize: 'width:n height:n',
  connection: 'status:u isDegraded:b retryAt:T',
  'call-ringing': `${call} callerName:S at:t`,
  'call-answered': `${call} at:t`,
  'call-selected': 'callId:I',
  'call-ended': `${ended} answeredAt:T hungUpBy:H cause:S at:t`,
  'gather-started': `${gather} requestedBy:S at:t`,
  'gather-ended': `${gather} outcome:S attempts:C at:t`,
  collected: `${call} ${item}`,
  'wrap-up': `${ended} endedAt:t collected:l at:t`,
  'wrap-up-saved': `${ended} note:s disposition:S collected:l endedAt:t at:t`,
  'ticket-needed': 'requestId:i',
  error: 'code:s detail:s callId:I',
}

const requests: Table<HostRequest> = {
  init: 'contract:o version:w callId?:I theme?:e locale?:a features?:f',
  ticket: 'requestId:i ticket:I',
  'select-call': 'callId:I',
  'set-theme': 'theme:e',
  'set-locale': 'locale:a',
  focus: '',
  destroy: '',
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isAtLeast0 = (value: unknown) => Number.isFinite(value) && (value as number) >= 0
const oneOf = (words: string) => (value: unknown) => words.split(' ').includes(value as string)
const isFeature = oneOf('controls transcript assistant timeline collected wrap-up')

const rules: Readonly<Record<string, (value: unknown) => boolean>> = {
  s: isText,
  i: (value) => isText(value) && value !== '',
  t: (value) =>
    isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(value) && Number.isFinite(Date.parse(value)),
  a: (value) => isText(value) && value.length > 1 && value.length < 65,
  n: isAtLeast0,
  c: (value) => Number.isSafeInteger(value) && isAtLeast0(value),
  b: (value) => typeof value === 'boolean',
  o: (value) => value === HOST_CONTRACT,
  u: oneOf('idle connecting live reconnecting refused closed'),
  k: oneOf('digits fields'),
  m: oneOf('all digits allButLast4'),
  g: oneOf('gather gather_using_speak gather_using_audio gather_using_ai'),
  h: oneOf('us caller callee'),
  e: oneOf('light dark auto'),
  f: (value) => Array.isArray(value) && value.every(isFeature),
  l: (value) => Array.isArray(value) && value.every((each) => pick(item, each)),
  v: (value) => value !== undefined,
  w: (value) => value === HOST_CONTRACT_VERSION,
}

/** Returns the fields of a value, and only those; `null` if one is missing or malformed. */
function pick(fields: Fields, value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null
  const picked: Record<string, unknown> = {}
  for (const [, name = '', optional, rule = ''] of fields.matchAll(/(\w+)(\??):(\w)/g)) {
    const isGiven = Object.hasOwn(value, name)
    const given: unknown = isGiven ? Reflect.get(value, name) : undefined
    const isMissing = (optional && given === undefined) || (rule < 'a' && given === null)
    if (!isMissing && !rules[rule.toLowerCase()]?.(given)) return null
    if (isGiven) picked[name] = rule === 'l' ? (given as unknown[]).map((each) => pick(item, each)) : given
  }
  return picked
}

/** The result of a message check. */
export type Checked<Message> =
  /** The valid message with the fields of the contract only. */
  | { readonly message: Message; readonly refused?: undefined }
  /** The `error` event that says why the message is refused. */
  | { readonly refused: HostErrorEvent; readonly message?: undefined }

const check =
  <Message extends { readonly type: string }>(table: Table<Message>) =>
  (given: unknown): Checked<Message> => {
    const { type, version = HOST_CONTRACT_VERSION } = (given ?? {}) as { type?: unknown; version?: unknown }
    if (version !== HOST_CONTRACT_VERSION) {
      return refuse(
        'unsupportedVersion',
        `The host contract version is not supported. Use version ${HOST_CONTRACT_VERSION}: load the host script and the frame from the same release.`,
      )
    }
    const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
    if (isObject && !(isText(type) && Object.hasOwn(table, type)))
      return refuse('unknownMessage', 'The message type is unknown. Send a type of the host contract.')
    const fields = isObject && pick(table[type as Message['type']], given)
    if (!fields)
      return refuse('invalidMessage', 'A message is malformed and is dropped. Send it as the host contract describes.')
    return { message: { type, ...fields } as unknown as Message }
  }

const refuse = (code: string, detail: string): { refused: HostErrorEvent } => ({
  refused: { type: 'error', code, detail, callId: null },
})

/** Validates a message from the frame to its host. */
export const checkEvent: (message: unknown) => Checked<HostEvent> = check(events)

/** Validates a message from the host to its frame. */
export const checkRequest: (message: unknown) => Checked<HostRequest> = check(requests)
