#!/usr/bin/env node
/** The ready server: configured by its environment, one JSON line on standard output when it is ready. */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { routes } from '@callgather/protocol'
import { pino } from 'pino'
import { isScope, scopes, ticketsOf } from './access/tickets.ts'
import { ConfigError, readConfig } from './config.ts'
import { createGatherServer } from './create-gather-server.ts'

const HELP = `callgather-server: verified Telnyx webhooks and gather commands, relayed to agents.

Usage
  callgather-server                    start the server
  callgather-server ticket [options]   print a ticket
  callgather-server --help

Environment (* is required)
  TELNYX_API_KEY *              your Telnyx API key
  TELNYX_PUBLIC_KEY *           Telnyx's public key; several, by comma, while one replaces another; or JSON, with dates:
                                [{"key":"…","notAfter":"2026-11-30T00:00:00Z"},{"key":"…","notBefore":"…"}]
  CALLGATHER_TICKET_SECRET *    signs tickets: at least 32 bytes, e.g. from: openssl rand -base64 32
  CALLGATHER_STORE              file:PATH (default file:callgather.db), memory:, or redis://HOST:PORT to run several
                                servers on one store (needs the package redis; of a cluster several, by comma)
  CALLGATHER_ALLOWED_ORIGINS    web origins that may use the server, by comma; default none
  CALLGATHER_TRUST_PROXY        how many proxies stand in front, or their addresses by comma (IPs, ranges, loopback,
                                uniquelocal): their X-Forwarded-For is believed; default 0, nobody's is
  CALLGATHER_BASE_PATH          default /callgather
  CALLGATHER_MASK               all, digits or allButLast4: masks what is entered in every gather
  CALLGATHER_MEDIA_HOSTS        hosts from which clients may play prompts, by comma; default none
  CALLGATHER_ALLOW_FIELDS       command fields that clients are refused by default and may set, by comma
  CALLGATHER_RETENTION_HOURS    how long a call is kept after its last event; default 168
  CALLGATHER_TRANSCRIPT_HOURS   how long what was said is kept after a call; default 1, then it is erased; 0 for none;
                                as many as CALLGATHER_RETENTION_HOURS keep it with the call
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

/** Milliseconds that what is under way may take after a signal. */
const DRAIN_MILLIS = 9_000

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP)
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
  const ticket = await ticketsOf(secret).issue({
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
  const logger = pino({ name: 'callgather', level: config.logLevel }, pino.destination({ fd: 2, sync: true }))
  const gather = createGatherServer({
    ...config.options,
    store: config.openStore((message) => logger.warn(message)),
    logger,
  })
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 8_000, connectionsCheckingInterval: 1_000 })
  gather.attach(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, resolve)
  })
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
  process.stdout.write(`${JSON.stringify(ready)}\n`)
  logger.info({ ...ready, store: (process.env.CALLGATHER_STORE ?? 'file').split(':')[0] }, 'ready')

  let leaving = false
  const leave = (signal: NodeJS.Signals) => {
    if (leaving) return
    leaving = true
    logger.info({ signal }, 'leaving')
    setTimeout(() => process.exit(1), DRAIN_MILLIS).unref()
    server.close()
    server.closeIdleConnections()
    void gather.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'leaving failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  process.stderr.write(`callgather-server cannot start:\n${problems.map((each) => `  ${each}\n`).join('')}`)
  process.exit(1)
})
