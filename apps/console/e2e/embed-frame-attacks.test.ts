/**
 * Attacks on the iframe. Each hostile page records every message that it receives, tries to speak the protocol of the
 * channel, and must get nothing: no ticket, no event, no port.
 */
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type FrameStage, servePages, serveProxy, setFrameStage } from './frame-stage.ts'

interface Message {
  readonly type?: string
  readonly code?: string
}

/** What the pages of these tests keep on their windows. */
interface TestWindow {
  /** The messages that the page received, through its window and through its ports. */
  got: unknown[]
  received: Message[]
  panel: { selectCall(callId: string): void; element: HTMLIFrameElement }
  send(message: unknown): void
}

let stage: FrameStage
let hostile: Awaited<ReturnType<typeof servePages>>

/** Records all messages, and offers `frame` windows a port as the host does, and `parent` a greeting as the frame does. */
const recorder = `window.got = []
addEventListener('message', ({ data, ports }) => {
  got.push(data)
  for (const port of ports) { port.onmessage = ({ data }) => got.push(data); window.port = port }
})
window.attackHost = (host) => {
  for (const data of ['callgather:hello', { type: 'ready', contract: 'callgather', version: 1, callId: null },
    { type: 'ticket-needed', requestId: 'r1' }, '{"type":"ticket-needed"}', { __proto__: { type: 'ready' } }, null])
    host.postMessage(data, '*')
}
window.attackFrame = (frame) => {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = ({ data }) => got.push(data)
  port1.postMessage({ type: 'init', contract: 'callgather', version: 1 })
  frame.postMessage('callgather:connect', '*', [port2])
  frame.postMessage({ type: 'init', contract: 'callgather', version: 1 }, '*')
  frame.postMessage({ type: 'ticket', requestId: 'r1', ticket: 'forged' }, '*')
}`

const html = (script: string, body = '') => ({
  body: `<!doctype html><meta charset="utf-8"><body>${body}<script>${recorder}\n${script}</script></body>`,
})

beforeAll(async () => {
  stage = await setFrameStage()
  hostile = await servePages((path, query) => {
    const src = query.get('src') ?? ''
    if (path === '/parent') return html('', `<iframe src="${src}"></iframe>`)
    // Speaks as the frame does, as soon as it is loaded, and whenever the test asks it to.
    if (path === '/frame') return html('attackHost(parent)')
    if (path === '/bounce') return html(`location.replace(${JSON.stringify(src)})`)
    return path === '/empty' ? html('') : null
  })
})
afterEach(() => stage.closePages())
afterAll(async () => {
  await hostile[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const gotOf = (page: Page, url: string) =>
  page
    .frames()
    .find((frame) => frame.url().startsWith(url))
    ?.evaluate(() => (window as unknown as TestWindow).got)
const typesOf = (page: Page) =>
  page.evaluate(() => (window as unknown as TestWindow).received.map(({ type }) => type ?? ''))
const errorsOf = (page: Page) =>
  page.evaluate(() =>
    (window as unknown as TestWindow).received.flatMap(({ type, code }) => (type === 'error' ? [code ?? ''] : [])),
  )
const untilLive = (page: Page) =>
  page.waitForFunction(() =>
    (window as unknown as { received: { status?: string }[] }).received.some(({ status }) => status === 'live'),
  )
/** Waits until messages that were sent before have arrived: a later task of each window has run. */
const settle = async (page: Page) => {
  for (const frame of page.frames())
    await frame.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve))))
}

it('a parent of an origin that is not allowed cannot frame the page', async () => {
  const page = await stage.open(`${hostile.loopback}/parent?src=${stage.src}`)
  await expect.poll(() => page.frames()[1]?.url()).toBe('chrome-error://chromewebdata/')
  await page.evaluate('attackFrame(frames[0])')
  await settle(page)
  expect(await gotOf(page, hostile.loopback)).toEqual([])
})

it('a parent of an origin that is not allowed gets nothing from a page whose headers a proxy has removed', async () => {
  await using proxy = await serveProxy(stage.serverOrigin, (headers) => delete headers['content-security-policy'])
  const page = await stage.open(`${hostile.loopback}/parent?src=${proxy.loopback}/callgather/embed`)
  await page.frameLocator('iframe').getByText('does not trust the page around it').waitFor()
  await page.evaluate('attackFrame(frames[0])')
  await settle(page)
  expect(await gotOf(page, hostile.loopback)).toEqual([])
  expect(await page.frames()[1]?.evaluate(() => document.querySelectorAll('main').length)).toBe(0)
})

it('a page that opens the frame in a window gets nothing', async () => {
  const page = await stage.open(`${hostile.loopback}/empty`)
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.evaluate((src) => {
      ;(window as unknown as { opened: Window | null }).opened = open(src)
    }, stage.src),
  ])
  await popup.getByText('shows CallGather inside another page').waitFor()
  await page.evaluate('attackFrame(opened)')
  await settle(popup)
  await settle(page)
  expect(await gotOf(page, hostile.loopback)).toEqual([])
  expect(await popup.evaluate(() => window.opener)).toBeNull()
})

it('a hostile page that replaces the frame after the handshake gets neither a ticket nor a request', async () => {
  const page = await stage.openHost({ answerTimeoutMs: 5_000 }, '/open')
  await untilLive(page)
  const tickets = stage.ticketCount()
  const before = await typesOf(page)
  await page.frames()[1]?.goto(`${hostile.loopback}/frame`)
  await page.evaluate(() => (window as unknown as TestWindow).panel.selectCall('v3:secret'))
  await page.frames()[1]?.evaluate('attackHost(parent)')
  await page.waitForFunction(() =>
    (window as unknown as TestWindow).received.some(({ code }) => code === 'frameUnreachable'),
  )
  expect(await gotOf(page, hostile.loopback)).toEqual([])
  expect((await typesOf(page)).slice(before.length).filter((type) => type !== 'resize')).toEqual(['error'])
  expect(stage.ticketCount()).toBe(tickets)
})

it('a frame that answers from another origin than that of the address gets nothing', async () => {
  const tickets = stage.ticketCount()
  const src = `${hostile.localhost}/bounce?src=${encodeURIComponent(`${hostile.loopback}/frame`)}`
  const page = await stage.openHost({ src, answerTimeoutMs: 5_000 }, '/open')
  await page.waitForFunction(() =>
    (window as unknown as TestWindow).received.some(({ code }) => code === 'frameUnreachable'),
  )
  await expect.poll(() => page.frames()[1]?.url()).toBe(`${hostile.loopback}/frame`)
  await page.frames()[1]?.evaluate('attackHost(parent)')
  await settle(page)
  expect(await gotOf(page, hostile.loopback)).toEqual([])
  expect(await typesOf(page)).toEqual(['error'])
  expect(stage.ticketCount()).toBe(tickets)
})

it.each(['hostile', 'allowed'])('a sibling frame whose origin is %s gets nothing from both sides', async (kind) => {
  const page = await stage.openHost({}, '/open')
  await untilLive(page)
  const tickets = stage.ticketCount()
  const before = await typesOf(page)
  const url = kind === 'hostile' ? `${hostile.loopback}/empty` : `${stage.host.localhost}/elsewhere`
  await page.evaluate((src) => {
    const sibling = document.createElement('iframe')
    sibling.src = src
    return new Promise((resolve) => {
      sibling.onload = resolve
      document.body.append(sibling)
    })
  }, url)
  // A frame of another site has its own process, which may report its address late.
  const siblingOf = () => page.frames().find((frame) => frame.url() === url)
  await expect.poll(siblingOf).toBeDefined()
  const sibling = siblingOf()
  if (kind === 'allowed') await sibling?.evaluate(recorder)
  await sibling?.evaluate('attackHost(parent); attackFrame(parent.frames[0])')
  await settle(page)
  expect(await gotOf(page, url)).toEqual([])
  // The frame itself may still settle its height.
  const others = (types: string[]) => types.filter((type) => type !== 'resize')
  expect(others(await typesOf(page))).toEqual(others(before))
  expect(stage.ticketCount()).toBe(tickets)
})

/** Opens a page of the allowed origin that speaks the protocol of the channel without the host script. */
async function openRawHost() {
  const page = await stage.open(`${stage.host.localhost}/elsewhere`)
  await page.evaluate((src) => {
    const it = window as unknown as TestWindow & { port?: MessagePort }
    it.received = []
    it.send = (message) => it.port?.postMessage(message)
    return new Promise<void>((resolve) => {
      addEventListener('message', ({ data, origin }) => {
        if (data !== 'callgather:hello') return
        const { port1, port2 } = new MessageChannel()
        it.port = port1
        port1.onmessage = (event) => it.received.push(event.data)
        frames[0]?.postMessage('callgather:connect', origin, [port2])
        resolve()
      })
      const frame = document.createElement('iframe')
      frame.src = src
      document.body.append(frame)
    })
  }, stage.src)
  return page
}

it('the frame refuses an unknown contract version by name, and asks for no ticket', async () => {
  const page = await openRawHost()
  await page.evaluate(() =>
    (window as unknown as TestWindow).send({ type: 'init', contract: 'callgather', version: 2, features: 'later' }),
  )
  await page.waitForFunction(() => (window as unknown as TestWindow).received.length > 0)
  expect(await errorsOf(page)).toEqual(['unsupportedVersion'])
  expect(await typesOf(page)).toEqual(['error'])
})

it('the frame drops malformed and polluting requests and a flood of them, and stays usable', async () => {
  const page = await openRawHost()
  await page.evaluate(() => {
    const { send } = window as unknown as TestWindow
    for (const message of [null, 7, 'init', [], { type: '__proto__' }, { type: 'constructor' }, { type: 'set-theme' }])
      send(message)
    send(JSON.parse('{"type":"focus","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'))
  })
  await page.waitForFunction(() => (window as unknown as TestWindow).received.length >= 7)
  expect(new Set(await errorsOf(page))).toEqual(new Set(['invalidMessage', 'unknownMessage']))
  expect(await page.frames()[1]?.evaluate(() => Reflect.get({}, 'polluted'))).toBeUndefined()
  await page.evaluate(() => {
    const it = window as unknown as TestWindow
    it.received.length = 0
    for (let count = 0; count < 10_000; count++) it.send({ type: 'unknown' })
  })
  await page.waitForFunction(() =>
    (window as unknown as TestWindow).received.some(({ code }) => code === 'tooManyMessages'),
  )
  // The frame takes requests again in the next second.
  await expect
    .poll(
      async () => {
        await page.evaluate(() =>
          (window as unknown as TestWindow).send({ type: 'init', contract: 'callgather', version: 1 }),
        )
        return typesOf(page)
      },
      { timeout: 30_000, interval: 500 },
    )
    .toContain('ready')
  const errors = await errorsOf(page)
  expect(errors.length).toBeLessThan(2_000)
  expect(errors.filter((code) => code === 'tooManyMessages').length).toBeLessThan(10)
})

/** Opens the host page with a frame of the expected origin that the test controls. */
async function openRawFrame() {
  const page = await stage.openHost({ src: `${hostile.loopback}/frame` }, '/open')
  await page.frames()[1]?.waitForFunction(() => 'port' in window)
  const send = (script: string) => page.frames()[1]?.evaluate(`(() => { ${script} })()`)
  return { page, send }
}

it('the host script refuses an unknown contract version by name, and sends no ticket', async () => {
  const tickets = stage.ticketCount()
  const { page, send } = await openRawFrame()
  await send(`port.postMessage({ type: 'ready', contract: 'callgather', version: 2, callId: null })
    port.postMessage({ type: 'ticket-needed', requestId: 'r1' })
    port.postMessage({ type: 'error', code: 'last', detail: '', callId: null })`)
  await page.waitForFunction(() => (window as unknown as TestWindow).received.some(({ code }) => code === 'last'))
  expect(await errorsOf(page)).toEqual(['unsupportedVersion', 'last'])
  expect(stage.ticketCount()).toBe(tickets)
  expect(JSON.stringify(await gotOf(page, hostile.loopback))).not.toContain('"ticket"')
})

it('the host script drops malformed and polluting events, and a flood of 10,000', async () => {
  const { page, send } = await openRawFrame()
  await send(`port.postMessage({ type: 'ready', contract: 'callgather', version: 1, callId: null })
    for (const each of [null, 7, [], { type: 'resize', width: 1 }]) port.postMessage(each)
    port.postMessage({ type: 'of-a-later-release' })
    port.postMessage(JSON.parse('{"type":"resize","width":1,"height":2,"__proto__":{"polluted":1}}'))`)
  await page.waitForFunction(() => (window as unknown as TestWindow).received.some(({ type }) => type === 'resize'))
  expect(await typesOf(page)).toEqual(['ready', 'error', 'error', 'error', 'error', 'resize'])
  expect(await page.evaluate(() => Reflect.get({}, 'polluted'))).toBeUndefined()
  await send(`for (let height = 0; height < 10000; height++) port.postMessage({ type: 'resize', width: 1, height })`)
  await page.waitForFunction(() =>
    (window as unknown as TestWindow).received.some(({ code }) => code === 'tooManyMessages'),
  )
  await settle(page)
  expect((await typesOf(page)).length).toBeLessThan(2_000)
})
