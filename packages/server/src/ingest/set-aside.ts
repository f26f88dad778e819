/**
 * Keeps what Telnyx signed and nobody could use, encrypted (AES-256-GCM): only a server with the same secret opens it
 * again. What may hold masked input is masked first, as if it fell into the window of a gather; and what cannot be read,
 * and so not be masked, is not kept at all: Telnyx has it, and the reconciler fetches it from there after a fix.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { initialCallState } from '@callgather/protocol'
import type { CallStore } from '../store/call-store.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import { maskWebhook } from './mask-content.ts'

/** Something that was set aside, opened. */
export interface SetAsideBody {
  readonly id: string
  readonly reason: string
  /** When, in milliseconds. */
  readonly at: number
  /** `null` where the body was not kept, or another secret sealed it. */
  readonly body: Uint8Array | null
}

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Puts things aside in a store, and takes them out. */
export class AsideBox {
  readonly #store: CallStore
  readonly #key: Uint8Array
  readonly #now: () => number
  readonly #mayBeMasked: (payload: Webhook['payload']) => Promise<boolean>

  /**
   * @param mayBeMasked Whether a webhook may hold masked input. A body that cannot be masked may hold what must not be
   *   stored even encrypted (PCI DSS 3.3.1: sensitive authentication data). Then only that it happened is kept.
   */
  constructor(
    store: CallStore,
    key: Uint8Array,
    deps: { now: () => number; mayBeMasked: (payload: Webhook['payload']) => Promise<boolean> },
  ) {
    this.#store = store
    this.#key = key
    this.#now = deps.now
    this.#mayBeMasked = deps.mayBeMasked
  }

  /** Keeps a body, or what may be kept of the webhook it was read as. Resolves when it is durable. */
  async put(reason: string, body: Uint8Array, webhook?: Webhook): Promise<void> {
    const isMasked = await this.#mayBeMasked(webhook?.payload ?? fieldsIn(body))
    const kept = isMasked ? webhook && masked(webhook) : body
    const content = kept ? this.#seal(kept) : ''
    await this.#store.setAside({ id: randomUUID(), reason, at: this.#now(), content })
  }

  #seal(body: Uint8Array): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce)
    const sealed = Buffer.concat([cipher.update(body), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
  }

  /** What is kept, oldest first. */
  async list(limit: number): Promise<SetAsideBody[]> {
    const items = await this.#store.listAside(limit)
    return items.map(({ id, reason, at, content }) => ({ id, reason, at, body: this.#open(content) }))
  }

  /** Lets go of something: it has been dealt with. */
  drop(id: string): Promise<void> {
    return this.#store.dropAside(id)
  }

  /** Lets go of all that names a call; there is nothing to keep of a call that was forgotten. */
  async forget(callId: string): Promise<void> {
    for (const { id, body } of await this.list(10_000)) {
      if (body && Buffer.from(body).includes(callId)) await this.drop(id)
    }
  }

  #open(content: string): Uint8Array | null {
    const bytes = Buffer.from(content, 'base64')
    const nonce = bytes.subarray(0, NONCE_BYTES)
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce)
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
    } catch {
      return null
    }
  }
}

/** A webhook as it may be kept where nothing is known of its call: without any input, and otherwise as Telnyx sent it. */
function masked(webhook: Webhook): Uint8Array | undefined {
  const context = { state: initialCallState(''), mark: null, commandId: undefined, safeFrom: null }
  const kept = maskWebhook(webhook, 'digits', context)
  if (!kept) return undefined
  const { id, eventType, occurredAt, payload } = kept
  return Buffer.from(JSON.stringify({ data: { id, event_type: eventType, occurred_at: occurredAt, payload } }))
}

/** The fields that name a call, found in bytes that cannot be read. */
function fieldsIn(body: Uint8Array): Webhook['payload'] {
  const text = Buffer.from(body).toString('latin1')
  const names = ['call_control_id', 'call_session_id', 'client_state']
  return Object.fromEntries(
    names.map((name) => [name, new RegExp(`"${name}"\\s*:\\s*"([^"]{1,2048})"`).exec(text)?.[1]]),
  )
}
