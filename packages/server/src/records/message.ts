/** The message that delivers a record: a CloudEvent 1.0 in JSON, signed as Standard Webhooks 1.0 specifies. */
import { createHash, createHmac } from 'node:crypto'
import { type CallState, selectCallDetailRecord } from '@callgather/protocol'

/** A message. Its headers, without the signature, and its body are the same in every attempt. */
export interface RecordMessage {
  /** Identifies the message: the CloudEvent's `id`, and `webhook-id`. A receiver deduplicates by it. */
  readonly id: string
  readonly body: string
}

/** Makes the message that delivers the record of a call. */
export function recordMessage(
  state: CallState,
  { revision, source, at }: { revision: number; source: string; at: string },
): RecordMessage {
  const { callId } = state
  const id = `record_${createHash('sha256').update(`${callId} ${revision}`).digest('base64url').slice(0, 32)}`
  const event = {
    specversion: '1.0',
    id,
    source,
    type: 'callgather.call.record',
    subject: callId,
    time: at,
    datacontenttype: 'application/json',
    revision,
    data: selectCallDetailRecord(state),
  }
  return { id, body: JSON.stringify(event) }
}

/** Returns the headers of one attempt. Every secret signs, so that a receiver with any of them can verify. */
export function signedHeaders(
  { id, body }: RecordMessage,
  secrets: readonly Uint8Array[],
  nowMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const sign = (secret: Uint8Array) =>
    createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${sign(secret)}`).join(' '),
  }
}
