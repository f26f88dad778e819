/** A page with the embedded elements: the simulator, a gather server of this process, and Chromium. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator, type Simulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { type Browser, chromium, type Page } from 'playwright'

const dist = fileURLToPath(new URL('../../../packages/embed/dist/', import.meta.url))
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

export interface EmbedStage extends AsyncDisposable {
  readonly simulator: Simulator
  readonly url: string
  readonly browser: Browser
  /** The open sockets of browsers. */
  sockets(): number
  /** The tickets that pages fetched. */
  tickets(): number
  /** Opens a page with this body, under a strict content security policy. */
  open(body: string): Promise<Page>
}

/** Starts everything that a test of the elements needs. */
export async function setEmbedStage(): Promise<EmbedStage> {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const simulator = await createSimulator({ webhookUrl: `${url}/callgather/webhooks` })
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY_E2E', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store: memoryStore(),
    tickets: { secret: 'a secret for the end-to-end tests, long enough' },
    allowedOrigins: [url],
  })
  const bodies = new Map<string, string>()
  let tickets = 0
  let sockets = 0
  http.on('upgrade', (_request, socket) => {
    sockets++
    socket.once('close', () => sockets--)
  })
  http.on('request', (request, response) => {
    const { pathname } = new URL(request.url ?? '/', url)
    if (pathname.startsWith('/callgather')) return
    answer(pathname).then(
      ({ type, text }) => {
        response.writeHead(200, { 'content-type': type, 'content-security-policy': policy })
        response.end(text)
      },
      () => response.writeHead(404).end(),
    )
  })
  async function answer(pathname: string): Promise<{ type: string; text: string }> {
    const body = bodies.get(pathname)
    if (body !== undefined) return { type: 'text/html; charset=utf-8', text: `<!doctype html><html lang="en">${body}` }
    if (pathname === '/api/ticket') {
      tickets++
      const scopes = ['view', 'gather', 'assistant'] as const
      const ticket = { subject: 'agent', calls: '*', scopes: [...scopes], expiresIn: '15m' } as const
      return { type: 'text/plain', text: await gather.issueTicket(ticket) }
    }
    if (pathname === '/host.js') return { type: 'text/javascript', text: hostScript }
    return { type: 'text/javascript', text: await readFile(join(dist, pathname.replace('/dist/', '')), 'utf8') }
  }
  gather.attach(http)
  const executablePath = findBrowser()
  const browser = await chromium.launch({
    args: [...browserArgs, '--js-flags=--expose-gc'],
    ...(executablePath ? { executablePath } : {}),
  })
  return {
    simulator,
    url,
    browser,
    sockets: () => sockets,
    tickets: () => tickets,
    open: async (body) => {
      const path = `/page-${bodies.size}`
      bodies.set(path, body)
      const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
      page.setDefaultTimeout(15_000)
      await page.goto(`${url}${path}`)
      return page
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await gather.close()
      await simulator.close()
      http.closeAllConnections()
      http.close()
    },
  }
}

/** The script of the host: one `getTicket` for all elements, and a record of their events. */
const hostScript = `
window.events = []
window.getTicket = async () => (await fetch('/api/ticket')).text()
const types = ['ready', 'error', 'call-ringing', 'gather-started', 'gather-ended', 'collected', 'call-ended', 'call-selected']
window.prepare = (element) => {
  for (const type of types) element.addEventListener(type, (event) => window.events.push([element.id, type, event.detail]))
  element.getTicket = window.getTicket
  return element
}
for (const element of document.querySelectorAll('[data-prepare]')) window.prepare(element)
`
