#!/usr/bin/env node
/** The ready server: configured by its environment, one JSON line on standard output when it is ready. */
import { createServer, type Server } from 'node:http'
import { parseArgs } from 'node:util'
import { routes } from '@callgather/protocol'
import manifest from '../../package.json' with { type: 'json' }
import { createTickets, isScope, scopes } from '../access/tickets.ts'
import { type AsyncLog, stderrLog } from '../base/log.ts'
import { ConfigError, readConfig, type ServerConfig } from './config.ts'
import { createGatherServer } from './create-gather-server.ts'
import type { GatherServer } from './gather-server.ts'

const HELP = `callgather-server: verified Telnyx webhooks and gather commands, relayed to agents.

Usage
  callgather-server                    start the server
  callgather-server ticket [options]   print a ticket
  callgather-server --help
  callgather-server --version

Environment (* is required)
  TELNYX_API_KEY *              your Telnyx API key
  TELNYX_PUBLIC_KEY *           Telnyx's public key; several, by comma, while one replaces another; or JSON, with dates:
                                [{"key":"…","notAfter":"2026-11-30T00:00:00Z"},{"key":"…","notBefore":"…"}]
  CALLGATHER_TICKET_SECRET *    signs tickets: at least 32 bytes, e.g. from: openssl rand -base64 32
  CALLGATHER_TICKET_AUDIENCE    the aud of tickets, where one secret serves several systems; default none
  CALLGATHER_STORE              file:PATH (default file:callgather.db; needs the package libsql), memory:, or
                                redis://HOST:PORT for several servers (needs the package redis; separate the
                                servers of a cluster by commas)
  CALLGATHER_ALLOWED_ORIGINS    web origins that may use the server, by comma; default none
  CALLGATHER_TRUST_PROXY        how many proxies stand in front, or their addresses by comma (IPs, ranges, loopback,
                                uniquelocal): the server trusts their X-Forwarded-For; default 0, none
  CALLGATHER_BASE_PATH          default /callgather
  CALLGATHER_MASK               all, digits or allButLast4: masks what is entered in every gather
  CALLGATHER_MEDIA_HOSTS        hosts from which clients may play prompts, by comma; default none
  CALLGATHER_ALLOW_FIELDS       command fields that clients are refused by default and may set, by comma
  CALLGATHER_RETENTION_HOURS    how long a call is kept after its last event; default 168
  CALLGATHER_TRANSCRIPT_HOURS   how long what was said is kept after a call; default 1, then it is erased; 0 for none;
                                as many as CALLGATHER_RETENTION_HOURS keep it with the call
  CALLGATHER_GRACE_SECONDS      after SIGTERM, SIGINT or SIGHUP: how long /readyz says leaving and everything is still
                                served, before the server closes; default 3; a second signal ends it at once
  CALLGATHER_RECONCILE          false: do not fetch what Telnyx could not deliver
  CALLGATHER_INSECURE           true lets everybody in: for demos on your own machine only
  TELNYX_CONNECTION_IDS         whose webhooks are yours, by comma; default all of the account's
  TELNYX_BASE_URL               default https://api.telnyx.com/v2; a simulator's, to try without Telnyx
  HOST, PORT                    default 127.0.0.1 and 8787; port 0 takes any free one
  LOG_LEVEL                     fatal, error, warn, info (default), debug or silent

Ticket options
  --subject S        who will hold it (required)
  --calls ID,ID      the call control ids it is for, or * for all (required)
  --scopes A,B       of ${scopes.join(', ')} (required)
  --expires-in T     15m (default), 2h, 900s, at most 1d
  --trusted          for code of your own, never a browser: the command policy does not apply

When ready it prints one JSON line with its addresses on standard output; its log goes to standard error.
`

/** How long requests in flight may take once the server closes, in milliseconds. */
const DRAIN_MS = 9_000
/** How long the reader of the log may take for its last lines, in milliseconds. */
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
  if (command !== undefined) throw new ConfigError([`There is no command "${command}". See callgather-server --help.`])
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
  if (granted.length < names.length) throw new ConfigError([`--scopes must be of ${scopes.join(', ')}.`])
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
  const gather = createGatherServer({ ...config.options, store: await openStore(config, log), logger })
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
  // Before anybody learns that the server is ready, and may signal it.
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

/** @throws ConfigError naming the variable that an error of the system is about. */
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
      `HOST: cannot listen on it: ${messageOf(error)}. Use an address of this machine, or 0.0.0.0.`,
    ])
  }
}

/**
 * First `/readyz` answers 503 while everything is still served, so that load balancers send new requests elsewhere; then
 * the server closes. A second signal ends the wait.
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
      log.logger.error({ err: error }, 'closing failed')
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
  process.stderr.write(`callgather-server cannot start:\n${problems.map((each) => `  ${each}\n`).join('')}`)
  process.exit(1)
})
