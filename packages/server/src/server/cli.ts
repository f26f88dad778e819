#!/usr/bin/env node
/** The server program. The environment configures it, and it prints one JSON line on standard output when it is ready. */
import { createServer, type Server } from 'node:http'
import { parseArgs } from 'node:util'
import { routes } from '@callgather/protocol'
import manifest from '../../package.json' with { type: 'json' }
import { createTickets, isScope, scopes } from '../access/tickets.ts'
import { type AsyncLog, stderrLog } from '../base/log.ts'
import { ConfigError, loadEmbedFiles, readConfig, type ServerConfig } from './config.ts'
import { createGatherServer } from './create-gather-server.ts'
import type { GatherServer } from './gather-server.ts'

const HELP = `callgather-server: verifies Telnyx webhooks, relays them to agents, and sends gather commands.

Usage
  callgather-server                    start the server
  callgather-server ticket [options]   print a ticket
  callgather-server --help
  callgather-server --version

Environment (* is required)
  TELNYX_API_KEY *              your Telnyx API key
  TELNYX_PUBLIC_KEY *           Telnyx's public key. During a key rotation: several, separated by commas, or JSON:
                                [{"key":"…","notAfter":"2026-11-30T00:00:00Z"},{"key":"…","notBefore":"…"}]
  CALLGATHER_TICKET_SECRET *    signs tickets: at least 32 bytes, e.g. from: openssl rand -base64 32
  CALLGATHER_TICKET_AUDIENCE    the aud of tickets; set it when several systems share the secret; default none
  CALLGATHER_STORE              file:PATH (default file:callgather.db; needs the package libsql), memory:, or
                                redis://HOST:PORT for several servers (needs the package redis; separate the
                                servers of a cluster by commas)
  CALLGATHER_ALLOWED_ORIGINS    web origins whose pages may use the server and frame its /embed page,
                                separated by commas; default none
  CALLGATHER_TRUST_PROXY        proxies whose X-Forwarded-For the server trusts: their count, or their addresses
                                separated by commas (IPs, ranges, loopback, uniquelocal); default 0
  CALLGATHER_BASE_PATH          path of the server; default /callgather
  CALLGATHER_MASK               all, digits or allButLast4: the mask of every gather; default: no mask
  CALLGATHER_MEDIA_HOSTS        hosts of audio files that clients may play, separated by commas; default none
  CALLGATHER_ALLOW_FIELDS       restricted command fields that clients may set, separated by commas; default none
  CALLGATHER_RETENTION_HOURS    how long a call is kept after its last event; default 168
  CALLGATHER_TRANSCRIPT_HOURS   how long transcripts and messages are kept after a call; default 1; 0 erases them at
                                its end; CALLGATHER_RETENTION_HOURS or more keeps them with the call
  CALLGATHER_RECORD_URL         https URL that gets one signed record of each finished call; default: none are sent
  CALLGATHER_RECORD_SECRET      signs the records: whsec_ and base64, from: echo "whsec_$(openssl rand -base64 32)";
                                during a rotation: the old and the new one, separated by a comma
  CALLGATHER_RECORD_WRAP_UP_SECONDS   how long after the hangup a record waits for the agent's wrap-up; default 900
  CALLGATHER_RECORD_ALLOW_PRIVATE_URL   true: the URL may be http or private; default false
  CALLGATHER_GRACE_SECONDS      after SIGTERM, SIGINT or SIGHUP: how long the server still handles requests, with
                                /readyz answering 503, before it closes; default 3; a second signal skips it
  CALLGATHER_RECONCILE          false: do not fetch events that Telnyx could not deliver; default true
  CALLGATHER_INSECURE           true: every client may do everything; only for demos on your own machine
  TELNYX_CONNECTION_IDS         ids of your connections, separated by commas; default all of the account
  TELNYX_BASE_URL               the Telnyx API, or a simulator; default https://api.telnyx.com/v2
  HOST, PORT                    listening address; default 127.0.0.1 and 8787; port 0 picks a free port
  LOG_LEVEL                     fatal, error, warn, info (default), debug or silent

Ticket options
  --subject S        the agent or system that uses the ticket (required)
  --calls ID,ID      the call control ids that it allows, or * for all (required)
  --scopes A,B       any of ${scopes.join(', ')} (required)
  --expires-in T     lifetime, such as 900s, 15m or 2h; default 15m, at most 1d
  --trusted          skips the command policy; only for your own backend, never for a browser

When the server is ready, it prints one JSON line with its addresses on standard output. It logs to standard error.
`

/** How long requests in flight may take after the server starts to close. */
const DRAIN_MS = 9_000
/** How long the last log lines may take to be written before the exit. */
const FLUSH_MS = 1_000

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP)
    return
  }
  if (args.includes('--version') || args.includes('-v')) {
    process.stdout.write(`${manifest.version}\n`)
    return
  }
  const [command, ...rest] = args
  if (command === 'ticket') return printTicket(rest)
  if (command !== undefined) throw new ConfigError([`There is no command "${command}". Run callgather-server --help.`])
  await serve()
}

async function printTicket(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: { type: 'string' },
      calls: { type: 'string' },
      scopes: { type: 'string' },
      'expires-in': { type: 'string', default: '15m' },
      trusted: { type: 'boolean', default: false },
    },
  })
  const { subject, calls, scopes: wanted, 'expires-in': expiresIn, trusted } = values
  if (!subject || !calls || !wanted) throw new ConfigError(['A ticket needs --subject, --calls and --scopes.'])
  const secret = process.env.CALLGATHER_TICKET_SECRET
  if (!secret) throw new ConfigError(['CALLGATHER_TICKET_SECRET: is not set. It must be the secret of the server.'])
  const names = wanted.split(',').map((name) => name.trim())
  const granted = names.filter(isScope)
  if (granted.length < names.length) throw new ConfigError([`--scopes must be a list of: ${scopes.join(', ')}.`])
  const audience = process.env.CALLGATHER_TICKET_AUDIENCE?.trim() || undefined
  const ticket = await createTickets(secret, { audience }).issue({
    subject,
    calls: calls === '*' ? '*' : calls.split(',').map((id) => id.trim()),
    scopes: granted,
    expiresIn,
    trusted,
  })
  process.stdout.write(`${ticket}\n`)
}

async function serve(): Promise<void> {
  const config = readConfig(process.env)
  const log = stderrLog(config.logLevel)
  const { logger } = log
  for (const warning of config.warnings) logger.warn({}, warning)
  const embed = await loadEmbedFiles((message) => logger.warn({}, message))
  const gather = createGatherServer({ ...config.options, store: await openStore(config, log), embed, logger })
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 8_000, connectionsCheckingInterval: 1_000 })
  gather.attach(server)
  await listen(server, config)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = `http://${host}:${port}${gather.basePath}`
  const ready = {
    url,
    webhooks: `${url}${routes.webhooks}`,
    telnyxBaseUrl: `${url}/v2`,
    socket: `${gather.basePath}${routes.socket}`,
  }
  // Signal handlers must exist before the ready line, because its reader may send a signal at once.
  closeOnSignal({ server, gather, log, graceMs: config.graceMs })
  process.stdout.write(`${JSON.stringify(ready)}\n`)
  logger.info({ ...ready, store: (process.env.CALLGATHER_STORE ?? 'file').split(':')[0] }, 'ready')
}

async function openStore(config: ServerConfig, { logger }: AsyncLog) {
  try {
    return await config.openStore((message) => logger.warn({}, message))
  } catch (error) {
    throw new ConfigError([`CALLGATHER_STORE: cannot be opened: ${messageOf(error)}`])
  }
}

/** Starts to listen. @throws ConfigError that names the variable which caused the system error. */
async function listen(server: Server, { host, port }: ServerConfig): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new ConfigError([`PORT: ${port} is in use by another program. Choose another.`])
    if (code === 'EACCES') throw new ConfigError([`PORT: this user may not listen on ${port}. Choose one above 1023.`])
    throw new ConfigError([
      `HOST: the server cannot listen on this address: ${messageOf(error)}. Use an address of this machine, or 0.0.0.0.`,
    ])
  }
}

/**
 * On the first signal, `/readyz` answers 503 for the grace period, so that load balancers move new requests to other
 * servers. Then the server closes. A second signal skips the grace period.
 */
function closeOnSignal(deps: { server: Server; gather: GatherServer; log: AsyncLog; graceMs: number }): void {
  const { server, gather, log, graceMs } = deps
  const exit = (code: number) => log.flush(FLUSH_MS).finally(() => process.exit(code))
  let isClosing = false
  const close = async () => {
    if (isClosing) return
    isClosing = true
    setTimeout(() => process.exit(1), DRAIN_MS).unref()
    server.close()
    server.closeIdleConnections()
    try {
      await gather.close()
      await exit(0)
    } catch (error) {
      log.logger.error({ err: error }, 'the server failed to close')
      await exit(1)
    }
  }
  const closeNow = () => {
    close().catch(() => process.exit(1))
  }
  let isLeaving = false
  const leave = (signal: NodeJS.Signals) => {
    log.logger.info({ signal }, isLeaving ? 'closing' : 'leaving')
    if (isLeaving) return closeNow()
    isLeaving = true
    gather.leave()
    setTimeout(closeNow, graceMs)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, leave)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

main(process.argv.slice(2)).catch((error: unknown) => {
  const problems = error instanceof ConfigError ? error.problems : [messageOf(error)]
  process.stderr.write(`callgather-server:\n${problems.map((each) => `  ${each}\n`).join('')}`)
  process.exit(1)
})
