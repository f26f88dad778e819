// @vitest-environment node
/** Two agents use one browser in turn, on the real server. The second agent must never see the first agent's call. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { build } from 'esbuild'
import { pino } from 'pino'
import { chromium } from 'playwright'
import { expect, it, vi } from 'vitest'

const waitOptions = { timeout: 30_000, interval: 50 }

/** The caller's number, keys and anything else that reveals the call. */
const TRACES = /5557071234|555\W*707|826418|Answered|Ringing/

const listen = (server: Server) =>
  new Promise<string>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )

async function bundlePage(): Promise<string> {
  const entry = fileURLToPath(new URL('../testing/agent-switch-page.tsx', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    conditions: ['callgather:source'],
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Returns everything that this package has stored in the page's IndexedDB, as JSON. */
const readStorage = () =>
  new Promise<string>((resolve, reject) => {
    const opening = indexedDB.open('callgather')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const reading = opening.result.transaction('records').objectStore('records').getAll()
      reading.onerror = () => reject(reading.error)
      reading.onsuccess = () => {
        opening.result.close()
        resolve(JSON.stringify(reading.result))
      }
    }
  })

it('a page with a shared QueryClient and a persister never paints or stores one agent’s call for the next agent', async () => {
  const script = await bundlePage()
  const simulator = await createSimulator({})
  const http = createServer()
  const serverUrl = await listen(http)
  let issue: (agent: string) => Promise<string> = async () => ''
  const pages = createServer((request, response) => {
    const path = request.url ?? '/'
    if (path.startsWith('/ticket/')) {
      issue(path.slice('/ticket/'.length)).then(
        (ticket) => response.end(ticket),
        () => response.writeHead(500).end(),
      )
    } else if (path === '/page.js') response.end(script)
    else response.setHeader('content-type', 'text/html').end('<!doctype html><body><script src="/page.js"></script>')
  })
  const pagesUrl = await listen(pages)
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store: memoryStore(),
    tickets: { secret: 'a secret for these tests, of more than thirty-two bytes' },
    allowedOrigins: [pagesUrl],
    logger: pino({ level: 'silent' }),
  })
  gather.attach(http)
  simulator.setWebhookUrl(`${serverUrl}/callgather/webhooks`)
  const executablePath = findBrowser()
  const browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  try {
    const caller = await simulator.phone.dial({ from: '+15557071234' })
    const callId = caller.id
    await fetch(`${simulator.url}/calls/${encodeURIComponent(callId)}/actions/answer`, {
      method: 'POST',
      headers: { authorization: 'Bearer KEY', 'content-type': 'application/json' },
      body: '{}',
    })
    await caller.waitFor('call.answered')
    issue = (agent) =>
      gather.issueTicket({ subject: agent, calls: agent === 'agent-1' ? [callId] : ['another'], scopes: ['view'] })
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`${pagesUrl}/?server=${encodeURIComponent(serverUrl)}&call=${encodeURIComponent(callId)}`)

    const seesTheCall = () =>
      vi.waitFor(async () => expect(await page.evaluate(() => document.body.textContent)).toMatch(/707/), waitOptions)
    const painted = () => page.evaluate(() => [...window.painted].join('\n'))
    for (const { close, keepClient, isReloaded } of [
      { close: false, keepClient: false, isReloaded: false },
      { close: true, keepClient: false, isReloaded: true },
      { close: false, keepClient: true, isReloaded: false },
    ]) {
      await page.evaluate(() => window.signIn('agent-1'))
      await seesTheCall()
      await caller.press('826418')
      const note = page.getByRole('textbox', { name: 'Note' })
      await note.fill('Owes money')
      await vi.waitFor(async () => expect(await page.evaluate(readStorage)).toContain('Owes money'), waitOptions)
      if (isReloaded) {
        await page.reload()
        await page.evaluate(() => window.signIn('agent-1'))
        await seesTheCall()
        await vi.waitFor(async () => expect(await note.inputValue()).toBe('Owes money'), waitOptions)
      }
      // Verify that the pattern matches while the call is visible.
      expect(await painted()).toMatch(TRACES)
      await page.evaluate((closes) => window.signOut(closes), close)
      await page.getByText('Signed out').waitFor()
      await page.evaluate((keep) => window.signIn('agent-2', keep), keepClient)
      // Wait for the server's refusal while the call continues.
      await page.locator('[data-state="forbidden"]').first().waitFor()
      await caller.press('8')
      expect(await painted()).not.toMatch(TRACES)
      await vi.waitFor(async () => expect(await page.evaluate(readStorage)).not.toContain('Owes'), waitOptions)
      await page.evaluate(() => window.signOut(true))
    }
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }))
    expect(stored).not.toMatch(/callgather|5557071234|826418/)
    expect(errors).toEqual([])
  } finally {
    await browser.close()
    await gather.close()
    await simulator.close()
    for (const server of [http, pages]) {
      server.closeAllConnections()
      server.close()
    }
  }
}, 120_000)
