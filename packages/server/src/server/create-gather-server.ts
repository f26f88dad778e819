/** The composition root of the server: every dependency is created here. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DEFAULT_BASE_PATH, gatherError } from '@callgather/protocol'
import Telnyx from 'telnyx'
import { Access, type AccessDeps, hostAuthenticate, hostAuthorize } from '../access/access.ts'
import { Audit } from '../access/audit.ts'
import { checkCommandPolicy, offersOf } from '../access/command-policy.ts'
import { Revocations } from '../access/revocations.ts'
import { SubjectRates } from '../access/subject-rates.ts'
import { createTickets, type Tickets } from '../access/tickets.ts'
import { guardLogger, HostCallbacks } from '../base/host-callbacks.ts'
import { droppedLines, stderrLog } from '../base/log.ts'
import { requiredOption } from '../base/required-option.ts'
import { deriveKey } from '../base/secrets.ts'
import { CallCache } from '../calls/call-cache.ts'
import { CallDirectory } from '../calls/call-directory.ts'
import { CallFeed } from '../calls/call-feed.ts'
import { callHandle } from '../commands/call-handle.ts'
import { Commands } from '../commands/commands.ts'
import { BodyAbortedError, BodyBudget, DEFAULT_BODY_BUDGET_BYTES } from '../edge/body.ts'
import { clientAddressReader } from '../edge/client-address.ts'
import { answerPreflight, corsHeaders, findRefusedOrigin, originCheck, parseOrigin } from '../edge/cors.ts'
import {
  errorResponse,
  type HttpResponse,
  type IncomingRequest,
  isSendable,
  isUnderPath,
  toGatherError,
  withBody,
} from '../edge/message.ts'
import { createMetrics } from '../edge/metrics.ts'
import { NodeRequest, sendResponse } from '../edge/node.ts'
import { originReporter } from '../edge/origins.ts'
import { RateLimit } from '../edge/rate-limit.ts'
import { callRoutes } from '../http/calls.ts'
import { commandRoute } from '../http/commands.ts'
import { embedRoutes } from '../http/embed.ts'
import { openApiRoute } from '../http/openapi.ts'
import { operationRoutes } from '../http/operations.ts'
import { router } from '../http/router.ts'
import { webhookRoute } from '../http/webhooks.ts'
import { wrapUpRoute } from '../http/wrap-up.ts'
import { Ingest } from '../ingest/ingest.ts'
import { RecordDelivery, type RecordDeliveryDeps } from '../records/delivery.ts'
import { httpSender } from '../records/destination.ts'
import { DEFAULT_WRAP_UP_TIMEOUT_MS, readSecrets } from '../records/options.ts'
import { Relay } from '../relay/relay.ts'
import { describeFailure } from '../store/bus.ts'
import type { TelnyxClient } from '../telnyx/client.ts'
import { createMarkCodec } from '../telnyx/client-state.ts'
import { commandSender } from '../telnyx/commands.ts'
import { KeyRing } from '../telnyx/key-ring.ts'
import { telnyxRecords } from '../telnyx/records.ts'
import { DEFAULT_TOLERANCE_SECONDS } from '../telnyx/signature.ts'
import { Reconciler } from '../upkeep/reconciler.ts'
import { Retention } from '../upkeep/retention.ts'
import { StoreHealth } from '../upkeep/store-health.ts'
import { refuseDebugSwitches } from './debug-interlock.ts'
import type { GatherServer, GatherServerOptions } from './gather-server.ts'
import { Handlers } from './handlers.ts'
import { checkServerOptions, readLimits } from './settings.ts'

/**
 * Creates a server.
 *
 * @throws when an option is invalid, the public key is missing or unsafe, or clients cannot be authenticated.
 */
export function createGatherServer(options: GatherServerOptions): GatherServer {
  checkServerOptions(options)
  const { store, basePath = DEFAULT_BASE_PATH, toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now = Date.now } = options
  const limits = readLimits(options.limits)
  const unguarded = options.logger ?? stderrLog().logger
  const logger = guardLogger(unguarded, () => metrics.hostFailures.inc({ callback: 'logger', reason: 'failed' }))
  let keys = new KeyRing(requiredOption('telnyx.publicKey', options.telnyx.publicKey), now())
  const client = telnyxClient(options.telnyx)
  const tickets = options.tickets
    ? createTickets(requiredOption('tickets.secret', options.tickets.secret), {
        audience: options.tickets.audience,
        now,
      })
    : null
  const allowedOrigins = (options.allowedOrigins ?? []).map(parseOrigin)
  const isAllowedOrigin = originCheck(allowedOrigins)
  const addressOf = clientAddressReader(options.trustProxy)
  const policy = options.policy ?? {}
  checkCommandPolicy(policy)
  const isMasking = policy.mask !== undefined || options.onSensitive !== undefined
  if (isMasking && !options.unsafeDebug) refuseDebugSwitches(process.env)
  const secret = options.secret ?? options.tickets?.secret ?? client.apiKey
  if (!secret) throw new Error('The server needs a secret to derive its keys. Set `secret` or `telnyx.apiKey`.')
  const markers = createMarkCodec(deriveKey(secret, 'marker'))
  const hostCallbacks = new HostCallbacks({
    logger,
    deadlineMs: options.callbackDeadlineMs,
    countFailure: (callback, reason) => metrics.hostFailures.inc({ callback, reason }),
  })
  const audit = new Audit({
    sink: options.audit?.sink ?? ((line) => logger.info({ audit: line }, 'audit')),
    strict: options.audit?.strict ?? false,
    now,
    hostCallbacks,
  })

  const report = (error: unknown): void => logger.error({ err: error }, 'a background task of the server failed')

  const accessRules = accessOf(options, tickets, hostCallbacks)
  const health = new StoreHealth({ store, logger })
  const revocations = new Revocations({ store, logger, now })
  const access = new Access({ ...accessRules, revocations, now })
  const rates = new SubjectRates(limits.rates, now)
  const handlers = new Handlers(hostCallbacks, now())
  const listenerFailed = (error: unknown): void =>
    logger.error({ failure: describeFailure(error) }, 'a subscriber of a call threw an error')
  const feed = new CallFeed(store, listenerFailed)
  const cache = new CallCache(store, feed, {
    now,
    isErased: (callId) => revocations.isErased(callId),
    onAppended: (records, state) => handlers.notify(records, state),
    onAppendError: (error) => health.reportFailure(error),
    onUnreadable: (callId, seq) => {
      metrics.unreadable.inc()
      logger.error({ call_id: callId, seq }, 'a record of a call cannot be read and is skipped')
    },
    onSubscriberError: listenerFailed,
  })
  const ingest = new Ingest({
    cache,
    store,
    markers,
    digestKey: deriveKey(secret, 'digest'),
    now,
    hostCallbacks,
    isMasking,
    connectionIds: options.telnyx.connectionIds ? new Set(options.telnyx.connectionIds) : undefined,
    onSensitive: options.onSensitive,
  })
  const timeoutMs = options.telnyx.timeoutMs ?? 5_000
  const sender = commandSender(client, { timeoutMs, now })
  const records = telnyxRecords(client, { timeoutMs })
  const fetched: Pick<Ingest, 'accept'> = {
    accept: (webhook) => handlers.whileFetched(webhook.id, () => ingest.accept(webhook)),
  }
  const reconciler = new Reconciler(
    {
      cache,
      store,
      ingest: fetched,
      records,
      now,
      logger,
      onReconciled: (source) => metrics.reconciled.inc({ source }),
    },
    options.reconcile || {},
  )
  const directory = new CallDirectory(
    { cache, store, access },
    { now, onError: (error) => logger.error({ err: error }, 'a call could not be listed') },
  )
  const metrics = createMetrics({
    publicKeys: () => keys.keysAt(now()).length,
    sockets: () => relay.size,
    calls: () => cache.size,
    isBreakerOpen: () => sender.isOpen(),
    isStoreUp: () => health.isUp,
    droppedLogLines: () => droppedLines(unguarded),
    recordAgeSeconds: () => (delivery?.oldestAgeMs ?? 0) / 1000,
  })
  const reportOrigin = originReporter({ logger, metrics, now })
  const commandRates = {
    commands: new RateLimit({ perSecond: limits.commandsPerSecond, burst: limits.commandBurst, now }),
    stops: new RateLimit({ perSecond: limits.stopsPerSecond, burst: limits.stopBurst, now }),
  }
  const commands = new Commands({
    cache,
    sender,
    markers,
    commandKey: deriveKey(secret, 'command-id'),
    policy,
    hostCallbacks,
    audit,
    now,
    logger,
    onSuspectedGap: (callId) => {
      if (options.reconcile !== false) reconciler.check(callId).catch(report)
    },
    onOutcome: (command, outcome, millis) => metrics.commands.observe({ command, outcome }, millis / 1000),
  })
  const relay: Relay = new Relay(
    {
      templates: offersOf(policy),
      access,
      feed,
      directory,
      health,
      rates,
      logger,
      now,
      isAllowedOrigin,
      isOwnOriginAllowed: options.embed !== undefined,
      reportOrigin,
      addressOf,
      metrics,
    },
    `${basePath}/socket.io`,
    limits,
  )
  const budget = new BodyBudget(options.maxBodyBytesInFlight ?? DEFAULT_BODY_BUDGET_BYTES)
  const delivery = recordDelivery(options.records, {
    store,
    source: basePath || '/',
    now,
    logger,
    onOutcome: (outcome) => metrics.records.inc({ outcome }),
  })
  const retention = new Retention(
    { store, logger, now, isNeeded: delivery && ((log) => delivery.isPending(log)) },
    { hours: options.retentionHours, transcriptHours: options.transcriptRetentionHours },
  )
  revocations.start(() => relay.closeRevoked())
  health.start(() => relay.sendBeacons())
  if (options.reconcile !== false) reconciler.start()
  retention.start()
  delivery?.start()

  let isLeaving = false
  let isClosing = false
  const forget = async (callId: string, subject: string): Promise<boolean> => {
    if (!(await store.head(callId))) return false
    await revocations.addErasure(callId)
    await store.forget(callId)
    await audit.write({ what: 'forgotten', callId, subject })
    return true
  }
  const requeue = async (callId: string, subject: string): Promise<boolean> => {
    const isQueued = (await delivery?.requeue(callId)) ?? false
    if (isQueued) await audit.write({ what: 'requeued', callId, subject })
    return isQueued
  }

  const route = router([
    {
      method: 'POST',
      pattern: '/webhooks',
      handler: webhookRoute({
        ingest,
        keys: () => keys,
        toleranceSeconds,
        maxBodyBytes: options.maxWebhookBytes ?? 1024 * 1024,
        now,
        logger,
        metrics,
        storeFailed: (error) => {
          reconciler.reportOutage()
          health.reportFailure(error)
        },
        verified: (address) => budget.markProven(address),
      }),
    },
    {
      method: 'POST',
      pattern: '/v2/calls/:call_id/actions/:command',
      handler: commandRoute({ access, commands, audit, rates: commandRates }),
    },
    ...callRoutes({ access, cache, store, directory, rates, forget, requeue }),
    wrapUpRoute({
      access,
      cache,
      audit,
      rate: commandRates.commands,
      now,
      onWrappedUp: () => metrics.wrapUps.inc(),
    }),
    openApiRoute(basePath),
    ...embedRoutes({ files: options.embed, allowedOrigins }),
    ...operationRoutes({
      registry: metrics.registry,
      isLeaving: () => isLeaving,
      hasKeys: () => keys.keysAt(now()).length > 0,
      isStoreUp: () => health.isReady(),
    }),
  ])

  /** Requests in flight. Closing the server waits for them. */
  const underWay = new Set<Promise<HttpResponse>>()

  const refusalOf = (error: unknown, method: string): HttpResponse => {
    if (error instanceof BodyAbortedError) {
      metrics.abortedBodies.inc()
      logger.debug({ method, reason: error.message }, 'a request was aborted before its body was complete')
      return errorResponse(gatherError('invalidJson', 'The request body is incomplete. Send the request again.'))
    }
    const refusal = toGatherError(error)
    if (refusal.status >= 500 && refusal.status !== 503) logger.error({ err: error, method }, 'an HTTP request failed')
    return errorResponse(refusal)
  }

  const answer = async (request: IncomingRequest): Promise<HttpResponse> => {
    const refused = findRefusedOrigin(request, isAllowedOrigin)
    if (refused !== null) reportOrigin(refused, 'http')
    const flight = answerPreflight(request, isAllowedOrigin)
    if (flight) return flight
    // An unanswered webhook is unacknowledged, so Telnyx retries it on another server.
    if (isClosing && request.method === 'POST') {
      return errorResponse(gatherError('unavailable', 'The server is going away. Try again in a moment.'))
    }
    const cors = corsHeaders(request, isAllowedOrigin)
    const share = budget.open(request.address)
    const routed = route(withBody(request, share))
    underWay.add(routed)
    let given: HttpResponse
    try {
      given = await routed
    } catch (error) {
      given = refusalOf(error, request.method)
    } finally {
      underWay.delete(routed)
      share.close()
    }
    const whole = cors ? { ...given, headers: { ...given.headers, ...cors } } : given
    if (isSendable(whole)) return whole
    logger.error(
      { method: request.method, status: given.status },
      'a response has an invalid header value; the client gets 500',
    )
    return errorResponse(gatherError('internal', 'The server failed. See its log for the reason.'))
  }

  const read = (message: IncomingMessage) => new NodeRequest(message, { basePath, addressOf })
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    answer(read(message))
      .then((given) => sendResponse(response, given))
      .catch((error: unknown) => {
        report(error)
        response.destroy()
      })
  }

  return {
    basePath,
    read,
    answer,
    handle,

    attach(server) {
      const others = server.listeners('request')
      server.removeAllListeners('request')
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        if (isUnderPath(request.url ?? '/', basePath)) handle(request, response)
        else if (others.length > 0) for (const other of others) other.call(server, request, response)
        else sendResponse(response, { status: 404 })
      })
      relay.attach(server)
    },

    attachSocket: (server) => relay.attach(server),

    on: (type, handler, given) => handlers.on(type, handler, given),
    call: (callId) => callHandle(callId, { commands, cache }),

    issueTicket(request) {
      if (!tickets) throw new Error('This server has no ticket secret: set `tickets.secret` to issue tickets.')
      return tickets.issue(request)
    },

    async revoke(whom) {
      try {
        await revocations.add(whom)
      } finally {
        await audit.write({ what: 'revoked', ...('subject' in whom ? { subject: whom.subject } : {}) })
      }
    },

    setPublicKeys(publicKey) {
      keys = new KeyRing(publicKey, now())
    },

    reconcile: ({ since } = {}) => reconciler.run(since),
    forget: (callId) => forget(callId, 'backend'),

    leave() {
      isLeaving = true
    },

    async close() {
      isLeaving = true
      isClosing = true
      await retention.stop()
      revocations.stop()
      health.stop()
      await relay.close()
      await Promise.allSettled([...underWay])
      await Promise.all([reconciler.stop(), delivery?.stop()])
      await audit.settled()
      directory.close()
      cache.close()
      feed.close()
      await store.close()
    },
  }
}

function recordDelivery(
  options: GatherServerOptions['records'],
  deps: Omit<RecordDeliveryDeps, 'send' | 'secrets' | 'wrapUpTimeoutMs'>,
): RecordDelivery | undefined {
  if (!options) return undefined
  const { wrapUpTimeoutMs = DEFAULT_WRAP_UP_TIMEOUT_MS, timeoutMs = 10_000, allowPrivateUrl = false } = options
  const send = httpSender(requiredOption('records.url', options.url), { timeoutMs, allowPrivateUrl })
  const secrets = readSecrets(requiredOption('records.secret', options.secret))
  return new RecordDelivery({ ...deps, send, secrets, wrapUpTimeoutMs })
}

function telnyxClient({ client, apiKey, baseUrl }: GatherServerOptions['telnyx']): TelnyxClient {
  if (client) return client
  if (!apiKey)
    throw new Error('A Telnyx API key is required to send commands: set `telnyx.apiKey`, or `telnyx.client`.')
  return new Telnyx({ apiKey, maxRetries: 0, logLevel: 'off', ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) })
}

function accessOf(
  options: GatherServerOptions,
  tickets: Tickets | null,
  hostCallbacks: HostCallbacks,
): Pick<AccessDeps, 'authenticate' | 'authorize'> {
  const { authenticate, insecure = false } = options
  const authorize = hostAuthorize(options.authorize, hostCallbacks)
  if (authenticate) return { authenticate: hostAuthenticate(authenticate, hostCallbacks), authorize }
  if (tickets) return { authenticate: (ticket) => tickets.check(ticket), authorize }
  if (insecure) {
    const everything = { subject: 'anyone', calls: '*', scopes: ['view', 'gather', 'assistant'] } as const
    return { authenticate: async () => everything, authorize }
  }
  throw new Error(
    'The server cannot authenticate clients. Set `tickets.secret` or `authenticate`; for a demo on your own ' +
      'machine, set `insecure: true`.',
  )
}
