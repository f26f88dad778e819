/**
 * Starts the server program, the simulator and Chromium, and serves pages of several origins, for tests of the iframe.
 * `localhost` and `127.0.0.1` are different origins, and so are their ports.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSimulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { freePort } from '@callgather/test-kit/free-port'
import { type BrowserContext, chromium, type Page } from 'playwright'
import Telnyx from 'telnyx'
import { startProgram } from '../backend/processes.ts'
import { isLong } from './long.ts'

const serverProgram = fileURLToPath(new URL('../../../packages/server/dist/cli.mjs', import.meta.url))
const hostScript = fileURLToPath(new URL('../../../packages/embed/dist/host.mjs', import.meta.url))
const SECRET = 'a secret of at least thirty-two bytes'

/** What a page server answers at a path. */
export interface Served {
  readonly body: string
  readonly type?: string
  readonly headers?: Record<string, string>
}

type Answer = (path: string, query: URLSearchParams) => Served | null

/** A server of pages: its port, and the paths that were requested. */
export async function servePages(answer: Answer) {
  const requested: string[] = []
  const server = createServer((incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost')
    requested.push(pathname)
    const served = answer(pathname, searchParams)
    if (!served) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': served.type ?? 'text/html; charset=utf-8', ...served.headers })
    response.end(served.body)
  })
  return { ...(await listening(server)), requested }
}

/** A proxy in front of an address that changes the headers of its answers. */
export async function serveProxy(target: string, change: (headers: Record<string, unknown>) => void) {
  const server = createServer((incoming, response) => {
    const forwarded = request(new URL(incoming.url ?? '/', target), { method: incoming.method ?? 'GET' }, (answer) => {
      const headers = { ...answer.headers }
      change(headers)
      response.writeHead(answer.statusCode ?? 502, headers)
      answer.pipe(response)
    })
    incoming.pipe(forwarded)
  })
  return listening(server)
}

async function listening(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    localhost: `http://localhost:${port}`,
    loopback: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The policy of the host page: one script tag, one frame, nothing else. */
const hostPolicy = (frameOrigin: string) =>
  `default-src 'none'; script-src 'self'; connect-src 'self'; frame-src ${frameOrigin}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'`

const hostPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A CRM</title>
<script type="module" src="/page.mjs"></script></head><body><h1>A CRM</h1><button>Before</button><div id="panel"></div></body></html>`

const hostPageScript = `import { mountCallGather } from './host.mjs'
const options = JSON.parse(new URLSearchParams(location.search).get('options'))
window.received = []
window.failures = []
addEventListener('error', ({ message }) => window.failures.push(message))
addEventListener('securitypolicyviolation', ({ violatedDirective }) => window.failures.push(violatedDirective))
window.shows = []
addEventListener('pageshow', ({ persisted }) => window.shows.push(persisted))
window.getTicket = async () => (await fetch('/api/ticket')).text()
window.panel = mountCallGather(document.getElementById('panel'), {
  ...options,
  getTicket: () => window.getTicket(),
  onEvent: (event) => window.received.push(event),
})
`

/** Starts everything. `await using` stops it. */
export async function setFrameStage() {
  const simulator = await createSimulator()
  const port = await freePort()
  const serverOrigin = `http://127.0.0.1:${port}`
  const src = `${serverOrigin}/callgather/embed`
  const tickets = execFileSync(
    process.execPath,
    [serverProgram, 'ticket', '--subject', 'agent-7', '--calls', '*', '--scopes', 'view,gather,assistant'],
    { env: { ...process.env, CALLGATHER_TICKET_SECRET: SECRET }, encoding: 'utf8' },
  )
  const ticket = tickets.trim()
  const host = await servePages((path) => {
    if (path === '/') return { body: hostPage, headers: { 'content-security-policy': hostPolicy(serverOrigin) } }
    if (path === '/open') return { body: hostPage }
    if (path === '/page.mjs') return { body: hostPageScript, type: 'text/javascript' }
    if (path === '/host.mjs') return { body: readFileSync(hostScript, 'utf8'), type: 'text/javascript' }
    if (path === '/api/ticket') return { body: ticket, type: 'text/plain' }
    if (path === '/elsewhere') return { body: '<!doctype html><title>Elsewhere</title>' }
    return null
  })
  const program = await startProgram(serverProgram, [], {
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'error',
    TELNYX_API_KEY: 'KEY_E2E',
    TELNYX_PUBLIC_KEY: simulator.publicKey,
    TELNYX_BASE_URL: simulator.url,
    CALLGATHER_STORE: 'memory:',
    CALLGATHER_TICKET_SECRET: SECRET,
    CALLGATHER_ALLOWED_ORIGINS: host.localhost,
  })
  simulator.setWebhookUrl(`${serverOrigin}/callgather/webhooks`)
  const executablePath = findBrowser({ isWhole: isLong })
  const browser = await chromium.launch({
    args: browserArgs,
    // A test of the long run needs it, and Playwright turns the back/forward cache off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    ...(executablePath ? { executablePath } : {}),
  })
  const contexts: BrowserContext[] = []

  /** Opens a page and collects what its console and its failed requests say. */
  async function open(url: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 900, height: 900 }, reducedMotion: 'reduce' })
    contexts.push(context)
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(url)
    return page
  }

  return {
    simulator,
    telnyx: new Telnyx({ apiKey: 'KEY_E2E', baseURL: simulator.url }),
    serverOrigin,
    src,
    ticket,
    host,
    open,
    /** Opens the host page with options of `mountCallGather`. The page `/open` has no policy. */
    openHost: (options: Record<string, unknown> = {}, path: '/' | '/open' = '/') =>
      open(`${host.localhost}${path}?options=${encodeURIComponent(JSON.stringify({ src, ...options }))}`),
    /** How often the host page asked its backend for a ticket. */
    ticketCount: () => host.requested.filter((path) => path === '/api/ticket').length,
    /** Closes the open pages, because the server limits the connections of an agent. */
    async closePages() {
      for (const context of contexts.splice(0)) await context.close()
    },
    /** The number of sockets that the server has. */
    async socketCount() {
      const metrics = await (await fetch(`${serverOrigin}/callgather/metrics`)).text()
      return Number(/^callgather_sockets (\d+)$/m.exec(metrics)?.[1])
    },
    /** Sends a gather command with the ticket of the agent. */
    async gather(callId: string, maximumDigits: number) {
      const answer = await fetch(
        `${serverOrigin}/callgather/v2/calls/${encodeURIComponent(callId)}/actions/gather_using_speak`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' },
          body: JSON.stringify({ payload: 'Your PIN, please.', voice: 'female', maximum_digits: maximumDigits }),
        },
      )
      if (!answer.ok) throw new Error(`The gather command was refused: ${await answer.text()}`)
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close()
      await browser.close()
      const gone = new Promise((resolve) => program.process.once('exit', resolve))
      program.process.kill('SIGKILL')
      await gone
      await host[Symbol.asyncDispose]()
      await simulator.close()
    },
  }
}

/** The running stage. */
export type FrameStage = Awaited<ReturnType<typeof setFrameStage>>
