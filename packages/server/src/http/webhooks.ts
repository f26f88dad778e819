/**
 * The webhook route: copy the raw bytes, verify, parse, append, then answer 200.
 *
 * Telnyx retries for at most a minute unless the answer is 200. Invalid signatures get a fixed 401 without a reason.
 * Signed webhooks that we cannot use get 200, because a retry would not help. They are counted but not stored; the
 * reconciler can fetch events of our calls later.
 */
import { gatherError } from '@callgather/protocol'
import { type Span, SpanStatusCode } from '@opentelemetry/api'
import type { Logger } from '../base/logger.ts'
import { errorResponse, type HttpResponse } from '../edge/message.ts'
import type { Metrics } from '../edge/metrics.ts'
import { withSpan } from '../edge/tracing.ts'
import type { Ingest, IngestOutcome } from '../ingest/ingest.ts'
import { StoreUnavailableError } from '../store/call-store.ts'
import type { KeyRing } from '../telnyx/key-ring.ts'
import { checkHeaders, type SignatureFault, verifySignature } from '../telnyx/signature.ts'
import { readWebhook } from '../telnyx/webhook.ts'
import type { Handler } from './router.ts'

/** The outcome of a webhook request, a label of the metrics. */
export type WebhookOutcome = IngestOutcome | 'unverified' | 'unreadable' | 'unavailable'

/** The outcome of a webhook, and its answer. */
interface Receipt {
  readonly outcome: WebhookOutcome
  readonly response: HttpResponse
}

/** The dependencies of the webhook route. */
export interface WebhookParts {
  readonly ingest: Ingest
  readonly keys: () => KeyRing
  readonly toleranceSeconds: number
  readonly maxBodyBytes: number
  readonly now: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  /** Called with the client address of each verified webhook. */
  readonly verified: (address: string | undefined) => void
  /** Called with the error when the store failed to append an event. */
  readonly storeFailed: (error: unknown) => void
}

/** The answer to an accepted webhook. Telnyx reads only the status, and an empty body needs a single write. */
const OK: HttpResponse = { status: 200 }
/** The answer to an unverified webhook. It gives no reason and quotes no input. */
const UNVERIFIED: HttpResponse = errorResponse(gatherError('unauthenticated', 'The request is not signed by Telnyx.'))

/** Returns the webhook route. */
export function webhookRoute(parts: WebhookParts): Handler {
  const { ingest, keys, toleranceSeconds, maxBodyBytes, now, logger, metrics, storeFailed, verified } = parts
  const count = (outcome: WebhookOutcome) => metrics.webhooks.inc({ outcome })
  const reportUnverified = throttled(logger, now)

  return async (request) => {
    const [encoding] = request.header('content-encoding')
    if (encoding !== undefined && encoding !== 'identity') {
      // Telnyx does not document whether a signature covers the bytes before or after compression.
      return errorResponse(gatherError('unsupportedEncoding', 'Webhooks must come without `Content-Encoding`.'))
    }
    const signature = request.header('telnyx-signature-ed25519')
    const timestamp = request.header('telnyx-timestamp')
    const unverified = (fault: SignatureFault) => {
      count('unverified')
      reportUnverified(fault)
      return UNVERIFIED
    }
    // Check the headers before the body, so that unsigned requests cannot fill memory.
    const early = checkHeaders({ signature, timestamp }, keys(), now(), toleranceSeconds)
    if (early !== null) return unverified(early)
    const receive = async (span: Span): Promise<Receipt> => {
      const body = await request.body(maxBodyBytes)
      const check = await withSpan(
        'callgather.verify',
        {},
        () => verifySignature({ signature, timestamp, body }, keys(), now(), toleranceSeconds),
        (result) => (result.ok ? 'verified' : result.fault),
      )
      if (!check.ok) return { outcome: 'unverified', response: unverified(check.fault) }
      verified(request.address)
      return store(body, span)
    }
    const { response } = await withSpan('callgather.webhook', {}, receive, ({ outcome }) => outcome)
    return response
  }

  /** Stores the event of a verified webhook. */
  async function store(body: Uint8Array, span: Span): Promise<Receipt> {
    try {
      const read = readWebhook(body)
      if (!read.ok) {
        count('unreadable')
        logger.error(
          { reason: read.reason, bytes: body.length },
          'webhook not stored: its signature is valid, but its body is unreadable',
        )
        return { outcome: 'unreadable', response: OK }
      }
      const { webhook } = read
      span.setAttribute('callgather.event_type', webhook.eventType)
      const began = now()
      const outcome = await ingest.accept(webhook)
      metrics.appends.observe((now() - began) / 1000)
      if (outcome === 'appended') metrics.lag.observe(Math.max(0, now() - Date.parse(webhook.occurredAt)) / 1000)
      if (outcome === 'conflict' || outcome === 'foreign') {
        logger.warn({ outcome, event_type: webhook.eventType }, 'webhook not stored')
      }
      count(outcome)
      return { outcome, response: OK }
    } catch (error) {
      if (!StoreUnavailableError.isInstance(error)) throw error
      count('unavailable')
      storeFailed(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'StoreUnavailableError' })
      logger.error({ err: error }, 'webhook refused: the store failed to append its event')
      const response = errorResponse(
        gatherError('unavailable', 'The event could not be stored. Send the webhook again.'),
      )
      return { outcome: 'unavailable', response }
    }
  }
}

/** Logs refused webhooks as at most one line per second with a count, so that a flood cannot fill the log. */
function throttled(logger: Logger, now: () => number): (fault: SignatureFault) => void {
  let last = Number.NEGATIVE_INFINITY
  let held = 0
  return (fault) => {
    held += 1
    if (now() - last < 1000) return
    if (fault === 'no_key') {
      const line =
        'webhooks are refused: no public key of Telnyx is valid now. Every key of TELNYX_PUBLIC_KEY has expired or is ' +
        'not valid yet; set the portal’s key with a restart or `setPublicKeys`. Reconciliation then fetches the events.'
      logger.error({ count: held }, line)
    } else logger.warn({ fault, count: held }, 'webhook refused: not verified')
    last = now()
    held = 0
  }
}
