/**
 * The widget of the CRM guide, framed by a page of another origin that acts as HubSpot with HubSpot's own SDK. The test
 * reads the messages that HubSpot would get.
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createGatherServer, type GatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { blocksOf } from '@callgather/test-kit/documents'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { expect, it, onTestFinished } from 'vitest'

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const guide = { path: 'docs/guides/crm.mdx', text: readFileSync(file('docs/guides/crm.mdx'), 'utf8') }
/** The first block of the guide in a language. */
function snippet(language: string): string {
  const block = blocksOf(guide).find((it) => it.language === language)
  if (block === undefined) throw new Error(`The guide has no block of ${language}.`)
  return block.code
}

/** HubSpot's side: frames the widget, adds the fields of a portal that the SDK's own host lacks, and keeps messages. */
const hubSpotSource = `
import { IFrameManager } from '@hubspot/calling-extensions-sdk'

window.messages = []
let engagements = 0
const manager = new IFrameManager({
  iFrameOptions: { src: window.widgetUrl, width: '400px', height: '650px', hostElementSelector: '#host' },
  onMessageHandler: (message) => {
    window.messages.push(message)
    if (!message.data?.createEngagement) return
    const { externalCallId } = message.data
    manager.sendMessage({ type: 'CREATE_ENGAGEMENT_SUCCEEDED', data: { externalCallId, engagementId: 7000 + ++engagements } })
  },
})
const send = manager.sendMessage.bind(manager)
const portal = { portalId: 1, userId: 2, ownerId: 3, iframeLocation: 'widget', usesCallingWindow: false }
manager.sendMessage = (message, callback) => send(message.type === 'SYNC' ? { ...message, ...portal } : message, callback)
window.manager = manager
`

interface HubSpotMessage {
  readonly type: string
  readonly data?: Record<string, unknown>
}

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: file('packages/embed'), loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

async function listen(handle?: Handler): Promise<{ http: Server; url: string }> {
  const http = createServer(
    handle && ((request, response) => void handle(request, response).catch(() => response.destroy())),
  )
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
}

/** Starts the simulator, the server, the widget's page and HubSpot's page, and opens the latter in Chromium. */
async function setStage() {
  const simulator = await createSimulator({})
  onTestFinished(() => simulator.close())
  const telnyx = async (path: string, body: object) => {
    const headers = { authorization: 'Bearer KEY', 'content-type': 'application/json' }
    const response = await fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(await response.text())
  }
  const api = await listen()
  let gather: GatherServer | null = null
  const [widgetScript, hubSpotScript] = await Promise.all([bundle(snippet('js')), bundle(hubSpotSource)])
  const widget = await listen(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://widget.invalid').pathname
    if (path === '/api/ticket') {
      response.end(await gather?.issueTicket({ subject: 'agent-7', calls: '*', scopes: ['view', 'gather'] }))
    } else if (path === '/dial') {
      let to = ''
      for await (const part of request) to += String(part)
      await telnyx('/calls', { to, from: '+15550199', connection_id: '1' })
      response.end()
    } else if (path.endsWith('.js') || path.endsWith('.mjs')) {
      response.setHeader('content-type', 'text/javascript')
      response.end(path === '/widget.js' ? widgetScript : readFileSync(file(`packages/embed/dist${path}`)))
    } else {
      response.setHeader('content-type', 'text/html')
      response.setHeader('content-security-policy', `frame-ancestors ${hubSpot.url}`)
      response.end(`<!doctype html><body>${snippet('html').replaceAll('https://calls.example.com', api.url)}</body>`)
    }
  })
  const hubSpot = await listen(async (request, response) => {
    const isScript = request.url === '/hubspot.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    const page = `<!doctype html><div id="host"></div><script type="module" src="/hubspot.js"></script>`
    response.end(isScript ? `window.widgetUrl = ${JSON.stringify(`${widget.url}/`)};${hubSpotScript}` : page)
  })
  gather = createGatherServer({
    telnyx: { apiKey: 'KEY', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store: memoryStore(),
    tickets: { secret: 'a secret for these tests, of more than thirty-two bytes' },
    allowedOrigins: [widget.url],
  })
  gather.attach(api.http)
  onTestFinished(() => gather?.close())
  simulator.setWebhookUrl(`${api.url}/callgather/webhooks`)
  const executablePath = findBrowser()
  const browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(hubSpot.url)
  const messages = (): Promise<HubSpotMessage[]> =>
    page.evaluate(() => (window as unknown as { messages: HubSpotMessage[] }).messages)
  return {
    ...{ simulator, telnyx, gather, page, errors, messages },
    widget: page.frameLocator('#hubspot-calling-extension-iframe'),
    /** Sends a message to the widget, as HubSpot. */
    send: (message: HubSpotMessage) =>
      page.evaluate((it) => {
        const { manager } = window as unknown as { manager: { sendMessage(message: HubSpotMessage): void } }
        manager.sendMessage(it)
      }, message),
    /** Waits for a message of a type about a call, or about none, and returns its data. */
    async received(type: string, callId?: string): Promise<Record<string, unknown> | undefined> {
      const find = async () =>
        (await messages()).find(
          (it) => it.type === type && (callId === undefined || it.data?.externalCallId === callId),
        )
      await expect.poll(find, { timeout: 20_000, message: `${type} did not arrive` }).toBeDefined()
      return (await find())?.data
    },
  }
}

const isoTime = (milliseconds: unknown) => new Date(Number(milliseconds)).getTime()

it('the widget of the guide sends HubSpot an incoming call with its collected values and wrap-up, and an outgoing call', async () => {
  const stage = await setStage()
  const { simulator, telnyx, gather, widget } = stage
  expect(await stage.received('INITIALIZED')).toEqual({ isLoggedIn: true })
  await stage.received('USER_AVAILABLE')

  const caller = await simulator.phone.dial({ from: '+15557071234' })
  const incoming = { externalCallId: caller.id, fromNumber: '+15557071234', toNumber: '+15550199' }
  const started = await stage.received('INCOMING_CALL', caller.id)
  expect(started).toEqual({ ...incoming, createEngagement: true, callStartTime: expect.any(Number) })
  expect(Math.abs(isoTime(started?.callStartTime) - Date.now())).toBeLessThan(60_000)
  await telnyx(`/calls/${encodeURIComponent(caller.id)}/actions/answer`, {})
  await caller.answered()
  expect(await stage.received('CALL_ANSWERED', caller.id)).toEqual({ externalCallId: caller.id })

  await widget
    .locator('callgather-calls')
    .getByText(/707.?1234/)
    .first()
    .click()
  await widget.locator('callgather-panel').getByRole('heading').first().waitFor()
  const ask = async (digits: string, mask?: 'digits') => {
    const body = { payload: 'Your number?', voice: 'female', minimum_digits: 4, maximum_digits: digits.length }
    const run = gather.call(caller.id).gatherUsingSpeak(body, mask ? { mask } : {})
    await run.accepted
    await caller.press(digits)
    await run.ended
  }
  await ask('4071')
  await ask('82649173', 'digits')
  await caller.hangUp()
  expect(await stage.received('CALL_ENDED', caller.id)).toEqual({
    ...{ externalCallId: caller.id, engagementId: 7001, callEndStatus: 'COMPLETED' },
  })
  const finish = async (note: string) => {
    await widget.getByRole('textbox', { name: 'Note' }).fill(note)
    await widget.getByRole('combobox').filter({ hasText: 'Resolved' }).selectOption('resolved')
    await widget.getByRole('button', { name: 'Finish' }).click()
  }
  await finish('Owes <b>nothing</b>')
  const completed = await stage.received('CALL_COMPLETED', caller.id)
  expect(completed).toEqual({
    ...{ externalCallId: caller.id, engagementId: 7001 },
    engagementProperties: {
      hs_timestamp: started?.callStartTime,
      hs_call_title: 'Call from +15557071234',
      hs_call_body: expect.stringMatching(
        /^<p>Owes &lt;b&gt;nothing&lt;\/b&gt;<\/p><ul><li>[^<]*: 4071<\/li><li>[^<]*: Hidden, 8 digits<\/li><\/ul>$/,
      ),
      hs_call_direction: 'INBOUND',
      hs_call_duration: expect.stringMatching(/^[1-9]\d*$/),
      hs_call_status: 'COMPLETED',
      hs_call_from_number: '+15557071234',
      hs_call_to_number: '+15550199',
      hs_call_disposition: 'f240bbac-87c9-4f6e-bf70-924b57d47db7',
    },
  })

  const ringing = simulator.phone.nextCall({ to: '+15557079999' })
  await stage.send({ type: 'DIAL_NUMBER', data: { phoneNumber: '+15557079999' } })
  const callee = await ringing
  expect(await stage.received('OUTGOING_CALL_STARTED', callee.id)).toEqual({
    ...{ externalCallId: callee.id, fromNumber: '+15550199', toNumber: '+15557079999' },
    ...{ createEngagement: true, callStartTime: expect.any(Number) },
  })
  await callee.answer()
  await stage.received('CALL_ANSWERED', callee.id)
  await widget
    .locator('callgather-calls')
    .getByText(/707.?9999/)
    .first()
    .click()
  await widget
    .locator('callgather-panel')
    .getByRole('article', { name: /707.?9999/ })
    .waitFor()
  await callee.hangUp()
  await stage.received('CALL_ENDED', callee.id)
  await finish('Reached')
  expect(await stage.received('CALL_COMPLETED', callee.id)).toMatchObject({
    engagementId: 7002,
    engagementProperties: {
      hs_call_direction: 'OUTBOUND',
      hs_call_body: '<p>Reached</p>',
      hs_call_status: 'COMPLETED',
    },
  })

  const names = (await stage.messages()).map(({ type, data }) => `${type} ${data?.externalCallId ?? ''}`)
  const ofCall = ['CALL_ANSWERED', 'CALL_ENDED', 'CALL_COMPLETED']
  const expected = [
    ...['INCOMING_CALL', ...ofCall].map((type) => `${type} ${caller.id}`),
    ...['OUTGOING_CALL_STARTED', ...ofCall].map((type) => `${type} ${callee.id}`),
  ]
  expect(names.filter((name) => name.includes(' v'))).toEqual(expected)
  expect(JSON.stringify(await stage.messages())).not.toContain('82649173')
  expect(stage.errors).toEqual([])
})
