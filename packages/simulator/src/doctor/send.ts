/** Sends one webhook of the doctor, correctly signed or forged, and measures the answer. */
import { createChance } from '../clock/chance.ts'
import type { Attempt, WebhookEvent } from '../delivery/delivery.ts'
import { webhookRequest } from '../delivery/request.ts'
import { createSigner, type Signer } from '../delivery/signer.ts'
import type { Transport } from '../delivery/transport.ts'
import type { DeliverySettings } from '../settings/settings.ts'

/** A webhook to send. Without options, it is as Telnyx sends it. */
export interface Probe {
  event: WebhookEvent
  signature?: 'genuine' | 'none' | 'wrong-key' | 'other-body'
  /** Age of the timestamp in milliseconds. Default 0. */
  ageMs?: number
  /** Whether the JSON is indented. Default false. */
  indent?: boolean
  /** Body to sign and send instead of the event. */
  text?: string
}

/** The answer of the program, and how long it took. */
export interface Answer {
  status: number | null
  error: string | null
  ms: number
  attempt: Attempt
}

export type Send = (probe: Probe) => Promise<Answer>

interface SendOptions {
  url: string
  signer: Signer
  transport: Transport
  settings: DeliverySettings
}

export function createSend({ url, signer, transport, settings }: SendOptions): Send {
  const stranger = createSigner()
  const chance = createChance('doctor')
  return async ({ event, signature = 'genuine', ageMs = 0, indent = false, text }) => {
    const used = signature === 'wrong-key' ? stranger : signer
    const stampMs = Date.now() - ageMs
    const plan = { signer: used, stampMs, shouldCorruptSignature: false, gzip: false, slowMs: 0, fault: null }
    const parcel = webhookRequest(
      { event, method: 'POST' },
      url,
      1,
      plan,
      { ...settings, prettyPrintRate: Number(indent) },
      chance,
    )
    if (text !== undefined) Object.assign(parcel, { text, body: Buffer.from(text) })
    if (signature === 'other-body') parcel.body = Buffer.from(parcel.text.replace('"attempt":1', '"attempt":2'))
    if (text !== undefined) Object.assign(parcel.headers, used.headers(Buffer.from(text), stampMs))
    if (signature === 'none')
      for (const name of ['telnyx-timestamp', 'telnyx-signature-ed25519']) delete parcel.headers[name]
    const start = performance.now()
    const receipt = await transport.send(parcel)
    const ms = performance.now() - start
    const { status, headers, body, error } = receipt
    const attempt: Attempt = {
      number: 1,
      url,
      started_at: '',
      finished_at: '',
      status: status !== null && status >= 200 && status < 300 ? 'delivered' : 'failed',
      request: { method: 'POST', url, headers: parcel.headers, body: parcel.text },
      response: status === null ? null : { status, headers, body },
      error,
      fault: null,
    }
    return { status, error, ms, attempt }
  }
}
