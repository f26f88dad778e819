/** Creates distinct signed webhooks for a number of live calls. */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'

/** A serialised key pair. */
export interface Keys {
  /** PKCS #8, base64. */
  readonly privateKey: string
  /** As the Telnyx portal shows it: base64 of 32 bytes. */
  readonly publicKey: string
}

/** Which webhooks to make. */
export interface CorpusOptions {
  readonly count: number
  readonly calls: number
  /**
   * `keys`: a key each, about 1 kB. `history`: a whole conversation each, about 20 kB. `conversation`: a whole
   * conversation each, which begins with nothing and grows by a message.
   */
  readonly kind: 'keys' | 'history' | 'conversation'
  /** Identifies the corpus. */
  readonly name: string
  /** Whether a `call.hangup` of each call follows at the end. */
  readonly ends?: boolean
}

/** A webhook ready to be posted. */
export interface SignedWebhook {
  readonly id: string
  readonly body: Buffer
  readonly signature: string
  readonly timestamp: string
}

export function makeKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'),
  }
}

/** A call control id as Telnyx makes them: version, colon, url-safe base64. */
export const callIdOf = (name: string, index: number): string =>
  `v3:${Buffer.from(`${name} call ${String(index).padStart(6, '0')} of the benchmark, padded`).toString('base64url')}`

/** How many messages a conversation of about 20 kB has. */
const LONG_HISTORY = 112

/** One signed `call.initiated` for each call, then the webhooks themselves, the calls taking turns, then the ends. */
export function makeCorpus({ count, calls, kind, name, ends = false }: CorpusOptions, keys: Keys): SignedWebhook[] {
  const privateKey = createPrivateKey({ key: Buffer.from(keys.privateKey, 'base64'), format: 'der', type: 'pkcs8' })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const began = Date.now()
  const webhooks: SignedWebhook[] = []
  const dataOf = (id: string, index: number) => {
    if (index < calls) return initiated(id, name, index, began)
    if (index < calls + count) return happened(id, name, index, calls, began, kind)
    return hungUp(id, name, index, index - calls - count, began)
  }
  for (let index = 0; index < calls + count + (ends ? calls : 0); index++) {
    const id = uuidOf(name, index)
    const data = dataOf(id, index)
    const body = Buffer.from(JSON.stringify({ data, meta: { attempt: 1, delivered_to: 'https://example.com/telnyx' } }))
    const message = Buffer.concat([Buffer.from(`${timestamp}|`), body])
    webhooks.push({ id, body, timestamp, signature: sign(null, message, privateKey).toString('base64') })
  }
  return webhooks
}

const at = (began: number, index: number) =>
  `${new Date(began + Math.floor(index / 1000)).toISOString().slice(0, -1)}${String(index % 1000).padStart(3, '0')}Z`

function initiated(id: string, name: string, call: number, began: number) {
  const payload = { ...leg(name, call), direction: 'incoming', state: 'parked', caller_id_name: 'A Caller' }
  return { record_type: 'event', event_type: 'call.initiated', id, occurred_at: at(began, call), payload }
}

function hungUp(id: string, name: string, index: number, call: number, began: number) {
  const payload = { ...leg(name, call), hangup_cause: 'normal_clearing', hangup_source: 'caller' }
  return { record_type: 'event', event_type: 'call.hangup', id, occurred_at: at(began, index), payload }
}

function happened(id: string, name: string, index: number, calls: number, began: number, kind: CorpusOptions['kind']) {
  const call = index % calls
  const nth = Math.floor(index / calls)
  const common = { record_type: 'event', id, occurred_at: at(began, index) }
  if (kind === 'keys') {
    // `client_state` pads the webhook to 1 kB, as an integrator's own state would.
    const client_state = Buffer.from('The state that an integrator keeps in the call. '.repeat(6)).toString('base64')
    const payload = { ...leg(name, call), client_state, digit: String(nth % 10) }
    return { ...common, event_type: 'call.dtmf.received', payload }
  }
  const length = kind === 'history' ? LONG_HISTORY + nth : nth
  const message_history = Array.from({ length }, (_, place) => messageAt(place))
  return {
    ...common,
    event_type: 'call.ai_gather.message_history_updated',
    payload: { ...leg(name, call), message_history },
  }
}

/** One turn of a conversation, 120 characters long. */
export function messageAt(place: number): { role: string; content: string } {
  const says = place % 2 ? 'I would like to move my appointment' : 'Certainly, let me look at what is free'
  return { role: place % 2 ? 'user' : 'assistant', content: `${place}: ${says}, `.padEnd(120, 'and so they talk on ') }
}

function leg(name: string, call: number) {
  return {
    call_control_id: callIdOf(name, call),
    call_leg_id: uuidOf(`${name} leg`, call),
    call_session_id: uuidOf(`${name} session`, call),
    client_state: null,
    connection_id: '1494404757140276705',
    from: '+15550001111',
    to: '+15550002222',
  }
}

function uuidOf(name: string, index: number): string {
  const text = Buffer.from(`${name} ${index}`).toString('hex').padStart(32, '0').slice(-32)
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
