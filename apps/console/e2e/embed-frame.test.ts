import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FrameStage, setFrameStage } from './frame-stage.ts'
import { itLong } from './long.ts'

interface Received {
  readonly type: string
  readonly [field: string]: unknown
}

/** What the script of the host page keeps on its window. */
interface HostWindow {
  received: Received[]
  failures: string[]
  shows: boolean[]
  panel: {
    element: HTMLIFrameElement
    selectCall(callId: string | null): void
    setTheme(theme: string): void
    setLocale(locale: string): void
    focus(): void
    destroy(): void
  }
  getTicket: () => unknown
}

let stage: FrameStage
beforeAll(async () => {
  stage = await setFrameStage()
})
afterEach(() => stage.closePages())
afterAll(() => stage[Symbol.asyncDispose]())

const received = (page: Page) => page.evaluate(() => (window as unknown as HostWindow).received)
const countOf = async (page: Page, type: string) => (await received(page)).filter((event) => event.type === type).length
const waitForEvent = (page: Page, type: string, fields: Record<string, unknown> = {}) =>
  page.waitForFunction(
    (wanted) =>
      (window as unknown as HostWindow).received.some((event) =>
        Object.entries(wanted).every(([name, value]) => event[name] === value),
      ),
    { type, ...fields },
  )
const clearEvents = (page: Page) =>
  page.evaluate(() => {
    ;(window as unknown as HostWindow).received.length = 0
  })
const control = (page: Page, run: (panel: HostWindow['panel']) => void) =>
  page.evaluate(`(${String(run)})(window.panel)`)
const frameOf = (page: Page) => page.frameLocator('iframe')

/** Waits for the first snapshot of a call. Only what happens after it is an event. */
const showsAnswered = (page: Page) =>
  frameOf(page).getByRole('article').getByText('Answered', { exact: true }).first().waitFor()

/** Starts an answered call. */
async function answeredCall() {
  const caller = await stage.simulator.phone.dial()
  await stage.telnyx.calls.actions.answer(caller.id, {})
  return caller
}

describe('a page of another origin with a strict policy and one script tag', () => {
  it('shows a live call: it rings, its keys appear, and each event arrives once', async () => {
    const page = await stage.openHost()
    await waitForEvent(page, 'connection', { status: 'live' })
    const caller = await stage.simulator.phone.dial()
    await waitForEvent(page, 'call-ringing', { callId: caller.id })
    await stage.telnyx.calls.actions.answer(caller.id, {})
    await waitForEvent(page, 'call-answered', { callId: caller.id })
    await frameOf(page)
      .getByRole('button', { name: /Talking/ })
      .first()
      .click()
    await waitForEvent(page, 'call-selected', { callId: caller.id })
    await showsAnswered(page)
    await stage.gather(caller.id, 4)
    await waitForEvent(page, 'gather-started', { callId: caller.id })
    await caller.press('5503')
    await frameOf(page).getByText('5503').first().waitFor()
    await waitForEvent(page, 'collected', { callId: caller.id, value: '5503' })
    await caller.hangUp()
    await waitForEvent(page, 'call-ended', { callId: caller.id })

    const types = (await received(page)).filter(({ callId }) => callId === caller.id).map(({ type }) => type)
    expect(types.filter((type) => type !== 'wrap-up').toSorted()).toEqual([
      'call-answered',
      'call-ended',
      'call-ringing',
      'call-selected',
      'collected',
      'gather-ended',
      'gather-started',
    ])
    expect(await countOf(page, 'ready')).toBe(1)
    expect(await countOf(page, 'error')).toBe(0)
    expect(await page.evaluate(() => (window as unknown as HostWindow).failures)).toEqual([])
    // The ticket is in no address and in no cookie.
    expect(
      page
        .frames()
        .map((frame) => frame.url())
        .join(),
    ).not.toContain(stage.ticket)
    expect(await page.context().cookies()).toEqual([])
  })

  itLong('selects a call, and the agent goes back to the list with the keyboard', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost({ callId: caller.id })
    const back = frameOf(page).getByRole('button', { name: 'All calls' })
    await back.waitFor()
    await back.focus()
    await page.keyboard.press('Enter')
    await waitForEvent(page, 'call-selected', { callId: null })
    await frameOf(page).getByRole('searchbox').waitFor()
    await expect.poll(() => back.count()).toBe(0)
    await page.evaluate((id) => (window as unknown as HostWindow).panel.selectCall(id), caller.id)
    await back.waitFor()
    await control(page, (panel) => panel.selectCall(null))
    await back.waitFor({ state: 'detached' })
    // Only what the agent does is an event.
    expect(await countOf(page, 'call-selected')).toBe(1)
    await caller.hangUp()
  })

  itLong('changes colours and language, and shows only the chosen sections', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost({ callId: caller.id, theme: 'light', locale: 'en', features: ['transcript'] })
    const frame = frameOf(page)
    await frame.getByRole('heading', { name: 'Transcript' }).waitFor()
    await expect.poll(() => frame.getByRole('heading', { name: 'Collected' }).count()).toBe(0)
    await expect.poll(() => frame.getByRole('heading', { name: 'Assistant' }).count()).toBe(0)
    const background = () => page.frames()[1]?.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await background()
    await control(page, (panel) => panel.setTheme('dark'))
    await frame.locator('html[data-theme="dark"]').waitFor()
    expect(await background()).not.toBe(light)
    await control(page, (panel) => panel.setLocale('de'))
    await frame.getByRole('button', { name: 'Alle Anrufe' }).waitFor()
    await frame.getByRole('heading', { name: 'Mitschrift' }).waitFor()
    await control(page, (panel) => panel.setLocale('ar'))
    await frame.locator('html[dir="rtl"]').waitFor()
    await caller.hangUp()
  })

  itLong('hands the focus over in both directions', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost({ callId: caller.id })
    await control(page, (panel) => panel.focus())
    await page
      .frames()[1]
      ?.waitForFunction(() => document.activeElement?.shadowRoot?.activeElement instanceof HTMLElement)
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('IFRAME')
    await frameOf(page).getByRole('button', { name: 'All calls' }).focus()
    await page.keyboard.press('Shift+Tab')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Before')
    await caller.hangUp()
  })

  itLong('is as high as its content, and never grows by itself', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost({ callId: caller.id })
    await frameOf(page).getByRole('heading', { name: 'Transcript' }).waitFor()
    const sizes = () =>
      page.frames()[1]?.evaluate(() => ({
        frame: innerHeight,
        content: Math.ceil(document.querySelector('main')?.getBoundingClientRect().height ?? 0),
      }))
    await expect.poll(async () => (await sizes())?.frame === (await sizes())?.content).toBe(true)
    const before = await sizes()
    // A higher frame doesn't make the content higher.
    await page.evaluate(() => {
      ;(window as unknown as HostWindow).panel.element.style.height = '1500px'
    })
    await expect.poll(async () => (await sizes())?.frame).toBe(1500)
    expect((await sizes())?.content).toBe(before?.content)
    // A narrow page wraps the content, and the frame follows.
    await page.setViewportSize({ width: 340, height: 900 })
    await expect.poll(async () => ((await sizes())?.content ?? 0) > (before?.content ?? 0)).toBe(true)
    await expect.poll(async () => (await sizes())?.frame === (await sizes())?.content).toBe(true)
    expect(await page.frames()[1]?.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    const fixed = await stage.openHost({ height: 320 })
    await waitForEvent(fixed, 'connection', { status: 'live' })
    expect(await fixed.frames()[1]?.evaluate(() => innerHeight)).toBe(320)
    await caller.hangUp()
  })

  itLong('reconnects after the frame was reloaded, with the call that the agent had open', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost()
    await waitForEvent(page, 'connection', { status: 'live' })
    await frameOf(page)
      .getByRole('button', { name: /Talking/ })
      .first()
      .click()
    await frameOf(page).getByRole('button', { name: 'All calls' }).waitFor()
    await clearEvents(page)
    await page.frames()[1]?.evaluate(() => location.reload())
    await waitForEvent(page, 'ready')
    await waitForEvent(page, 'connection', { status: 'live' })
    await frameOf(page).getByRole('button', { name: 'All calls' }).waitFor()
    await showsAnswered(page)
    await stage.gather(caller.id, 1)
    await waitForEvent(page, 'gather-started', { callId: caller.id })
    expect(await countOf(page, 'gather-started')).toBe(1)
    expect(await countOf(page, 'ready')).toBe(1)
    await caller.hangUp()
  })

  itLong('goes on after the browser restored the page from its back/forward cache', async () => {
    const caller = await answeredCall()
    const page = await stage.openHost({ callId: caller.id })
    await waitForEvent(page, 'connection', { status: 'live' })
    await showsAnswered(page)
    await page.goto(`${stage.host.localhost}/elsewhere`)
    await stage.gather(caller.id, 1)
    await page.goBack({ waitUntil: 'commit' })
    await expect
      .poll(() => page.evaluate(() => (window as unknown as HostWindow).shows).catch(() => null))
      .toEqual([false, true])
    await waitForEvent(page, 'gather-started', { callId: caller.id })
    await caller.press('7')
    await waitForEvent(page, 'collected', { callId: caller.id, value: '7' })
    // The frame asked for a ticket and got it, so messages go in both directions.
    expect([await countOf(page, 'ready'), await countOf(page, 'collected')]).toEqual([1, 1])
    expect(await countOf(page, 'ticket-needed')).toBe(2)
    await caller.hangUp()
  })

  itLong('removes the frame and its connection', async () => {
    const page = await stage.openHost()
    await waitForEvent(page, 'connection', { status: 'live' })
    await expect.poll(() => stage.socketCount()).toBe(1)
    // In one task, because the frame may still publish its height.
    await page.evaluate(() => {
      const { received, panel } = window as unknown as HostWindow
      received.length = 0
      panel.destroy()
    })
    await expect.poll(() => stage.socketCount()).toBe(0)
    await control(page, (panel) => {
      panel.selectCall('v3:none')
      panel.setTheme('dark')
      panel.focus()
      panel.destroy()
    })
    await expect.poll(() => page.locator('iframe').count()).toBe(0)
    expect(await received(page)).toEqual([])
  })
})

describe('the ticket callback of the host page', () => {
  itLong.each([
    ['throws', "() => { throw new Error('signed out') }", /signed out/],
    ['rejects', "async () => { throw new Error('no network') }", /no network/],
    ['returns nothing', '() => undefined', /no ticket/],
  ])('reports a callback that %s once, and goes on when it works again', async (_how, callback, reason) => {
    const page = await stage.openHost()
    await waitForEvent(page, 'connection', { status: 'live' })
    await page.evaluate(`window.working = window.getTicket; window.getTicket = ${callback}; received.length = 0`)
    await page.frames()[1]?.evaluate(() => location.reload())
    await waitForEvent(page, 'error', { code: 'ticketFailed' })
    await page.waitForFunction(
      () => (window as unknown as HostWindow).received.filter(({ type }) => type === 'ticket-needed').length >= 3,
    )
    const errors = (await received(page)).filter(({ type }) => type === 'error')
    expect(errors).toEqual([expect.objectContaining({ code: 'ticketFailed', detail: expect.stringMatching(reason) })])
    await page.evaluate('window.getTicket = window.working')
    await waitForEvent(page, 'connection', { status: 'live' })
  })

  // It waits for the deadline of 10 seconds twice.
  itLong('reports a callback that never settles, and asks again', async () => {
    const page = await stage.openHost()
    page.setDefaultTimeout(40_000)
    await waitForEvent(page, 'connection', { status: 'live' })
    await page.evaluate(
      'window.working = window.getTicket; window.getTicket = () => new Promise(() => {}); received.length = 0',
    )
    await page.frames()[1]?.evaluate(() => location.reload())
    await waitForEvent(page, 'error', { code: 'ticketTimeout' })
    await page.evaluate('window.getTicket = window.working')
    await waitForEvent(page, 'connection', { status: 'live' })
  })
})
