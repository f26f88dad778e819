/**
 * What happens to a verified webhook: it is normalised against what is known of its call, and appended. Webhooks that
 * Telnyx delivers and events that we fetch ourselves come through here alike.
 */
import { createHmac } from 'node:crypto'
import type { MarkerCodec } from '../telnyx/client-state.ts'
import { normalise } from '../telnyx/normalise.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import type { CallLog } from './call-log.ts'

/** What became of a webhook. */
export type IngestOutcome =
  | 'appended'
  /** Known already: the same event again. */
  | 'duplicate'
  /** Known already, with other content: the first stays. */
  | 'conflict'
  /** Not about a call: another Telnyx product's. */
  | 'foreign'

/** What ingestion works with. */
export interface IngestParts {
  readonly log: CallLog
  readonly markers: MarkerCodec
  /** Keys the digests by which two events under one id are told apart. */
  readonly digestKey: Uint8Array
}

const LONGEST_CALL_ID = 512

/** Takes webhooks in. */
export class Ingest {
  readonly #parts: IngestParts

  constructor(parts: IngestParts) {
    this.#parts = parts
  }

  /** Appends a webhook to the log of its call. Resolves when it is durable. */
  async accept(webhook: Webhook): Promise<IngestOutcome> {
    const callId = webhook.payload.call_control_id
    if (typeof callId !== 'string' || callId === '' || callId.length > LONGEST_CALL_ID) return 'foreign'
    const { log, markers } = this.#parts
    const marker = markers.read(callId, webhook.payload.client_state)
    const digest = this.#digestOf(webhook)
    const { duplicates } = await log.append(callId, ({ state }) => [
      { event: normalise(webhook, marker, state), digest },
    ])
    const [duplicate] = duplicates
    return duplicate ? (duplicate.conflict ? 'conflict' : 'duplicate') : 'appended'
  }

  #digestOf({ id, eventType, occurredAt, payload }: Webhook): string {
    const text = JSON.stringify([id, eventType, occurredAt, payload])
    return createHmac('sha256', this.#parts.digestKey).update(text).digest('base64url').slice(0, 22)
  }
}
