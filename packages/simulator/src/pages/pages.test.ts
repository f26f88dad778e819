/** Tests the pages in a real browser, against a simulator and a voice program. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { type Browser, chromium, type Page } from 'playwright'
import Telnyx from 'telnyx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../index.ts'
import { page as served } from './index.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')
const slow = 60_000
let browser: Browser

beforeAll(async () => {
  const executablePath = findBrowser()
  browser = await chromium.launch({ args: browserArgs, ...(executablePath === undefined ? {} : { executablePath }) })
}, slow)
afterAll(() => browser.close())

/** A voice program that gathers a PIN, then a name and an age. */
async function clinic(): Promise<Simulator> {
  const sim = await createSimulator({
    seed: 1,
    settings: { audio: { speechMsPerCharacter: 8 }, messaging: { finalizedAfterMs: 0 } },
    webhookUrl: async (request) => {
      const { data } = await request.json()
      react(data).catch(() => {})
      return new Response('ok')
    },
  })
  const client = new Telnyx({ apiKey: 'KEY', baseURL: sim.url, maxRetries: 0 })
  const react = async ({ event_type, payload }: { event_type: string; payload: Record<string, string> }) => {
    const id = payload.call_control_id ?? ''
    const { actions } = client.calls
    if (event_type === 'call.initiated' && payload.direction === 'incoming') await actions.answer(id, {})
    if (event_type === 'call.answered')
      await actions.gatherUsingSpeak(id, {
        payload: 'Please enter your PIN.',
        voice: 'female',
        minimum_digits: 4,
        maximum_digits: 6,
        inter_digit_timeout_millis: 60_000,
      })
    if (event_type === 'call.gather.ended' && payload.status === 'valid')
      await actions.gatherUsingAI(id, {
        greeting: 'Thank you.',
        parameters: {
          type: 'object',
          properties: { name: { type: 'string' }, age: { type: 'integer' } },
          required: ['name', 'age'],
        },
        send_partial_results: true,
      })
  }
  return sim
}

/** Opens a page. An uncaught error in the page fails the test. */
async function open(url: string, width = 1280): Promise<{ page: Page; wrong: string[] } & AsyncDisposable> {
  const page = await browser.newPage({ viewport: { width, height: 860 }, reducedMotion: 'reduce' })
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith('data:'))
      wrong.push(`requested ${request.url()}`)
  })
  await page.goto(url)
  return { page, wrong, [Symbol.asyncDispose]: () => page.close() }
}

/** Types telephone keys. Preact adds the listener of the keypad after the paint. */
async function pressKeys(page: Page, keys: string): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))))
  for (const key of keys) await page.keyboard.press(key)
}

/** Returns the WCAG 2.2 AA violations that axe finds. */
async function violations(page: Page): Promise<string[]> {
  // `evaluate` runs in the debugger, which bypasses the content security policy of the page.
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const checker: {
      run(context: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
    } = Reflect.get(globalThis, 'axe')
    const { violations } = await checker.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  })
}

describe('page routes', () => {
  it.each(['/', '/phone', '/events'])('the simulator serves an HTML document at %s', (path) => {
    expect(served(path)).toMatchObject({ contentType: 'text/html; charset=utf-8' })
  })

  it('the simulator serves the script and style sheet of each page, and no other file', () => {
    for (const file of ['phone.js', 'phone.css', 'events.js', 'events.css'])
      expect(served(`/pages/${file}`)?.body.length).toBeGreaterThan(1000)
    for (const path of [
      '/other',
      '/pages/other.js',
      '/pages/phone.ts',
      '/phone/x/y',
      '/pages/../index.ts',
      '/constructor',
    ])
      expect(served(path)).toBeUndefined()
  })
})

describe('phone page', () => {
  it('dials a call, answers a DTMF gather and an AI gather, and hangs up on the phone page', {
    timeout: slow,
  }, async () => {
    await using sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.getByRole('button', { name: /^Call \+1 555/ }).click()
    await page.locator('.caption', { hasText: 'Please enter your PIN.' }).waitFor()
    await pressKeys(page, '55')
    await page.getByRole('button', { name: 'zero', exact: true }).click()
    await page.getByRole('list', { name: '3 of 4 to 6 digits' }).waitFor()
    await pressKeys(page, '3#')
    await page.locator('.caption', { hasText: 'What is your name' }).waitFor()
    await page.getByLabel('Say something').fill('{"name":"Anna","age":29}')
    await page.keyboard.press('Enter')
    await page.locator('.fields', { hasText: '29' }).waitFor()
    await expect.poll(() => page.getByRole('region', { name: 'Conversation' }).textContent()).toMatch(/Anna/)
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Hang up' }).click()
    await page.getByText('Call ended').first().waitFor()
    expect(sim.calls().at(-1)?.state).toBe('ended')
    const ended = sim.deliveries().find(({ event }) => event.event_type === 'call.ai_gather.ended')
    expect(ended?.event.payload).toMatchObject({ status: 'valid', result: { name: 'Anna', age: 29 } })
    expect(tab.wrong).toEqual([])
  })

  it('sends the keys in the order in which they were pressed, also when the first request is slow', {
    timeout: slow,
  }, async () => {
    await using sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.route('**/press', async (route) => {
      const { digits } = route.request().postDataJSON() as { digits: string }
      // Long enough for the later keys to overtake this one.
      if (digits === '4') await sleep(300)
      await route.continue()
    })
    await page.getByRole('button', { name: /^Call \+1 555/ }).click()
    await page.locator('.caption', { hasText: 'Please enter your PIN.' }).waitFor()
    await pressKeys(page, '4071')
    const keys = () => sim.deliveries().flatMap(({ event: { payload } }) => payload.digit ?? [])
    await expect.poll(() => keys().join('')).toBe('4071')
  })

  it('answers a call that the program places on the phone page, and declines another call meanwhile', {
    timeout: slow,
  }, async () => {
    await using sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.getByText('in service').waitFor()
    const client = new Telnyx({ apiKey: 'KEY', baseURL: sim.url })
    const dial = (from: string) => client.calls.dial({ connection_id: '1', to: '+15550001111', from })
    await dial('+15550007777')
    await page.getByText('Incoming call').waitFor()
    await page.getByRole('button', { name: 'Answer', exact: true }).click()
    await page.locator('.caption', { hasText: 'Please enter your PIN.' }).waitFor()
    await dial('+15550008888')
    const knock = page.getByRole('alertdialog', { name: 'Incoming call from +1 555 000 8888' })
    await knock.waitFor()
    expect(await violations(page)).toEqual([])
    await knock.getByRole('button', { name: 'Decline' }).click()
    await knock.waitFor({ state: 'detached' })
    expect(sim.calls().map(({ state, hangup_cause }) => [state, hangup_cause])).toEqual([
      ['answered', null],
      ['ended', 'call_rejected'],
    ])
    expect(tab.wrong).toEqual([])
  })

  it('shows several calls on the phone page, each with its own line and digits', { timeout: slow }, async () => {
    await using sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.getByText('in service').waitFor()
    for (const number of ['+15550002222', '+15550003333']) {
      await page.getByLabel('Call', { exact: true }).fill(number)
      await page.keyboard.press('Enter')
      await page.locator('.caption', { hasText: 'Please enter your PIN.' }).waitFor()
      await page.locator('.wave.on').waitFor({ state: 'detached' })
      await pressKeys(page, number.slice(-2))
      await page.getByRole('button', { name: 'New call' }).click()
    }
    const lines = page.getByRole('region', { name: 'Lines' })
    await lines.getByRole('button', { name: /^\+1 555 000 1111 → \+1 555 000 2222/ }).click()
    await page.getByRole('list', { name: '2 of 4 to 6 digits' }).waitFor()
    await expect.poll(() => page.locator('.slots').textContent()).toMatch(/^22/)
    await lines.getByRole('button', { name: /^\+1 555 000 1111 → \+1 555 000 3333/ }).click()
    await expect.poll(() => page.locator('.slots').textContent()).toMatch(/^33/)
  })

  it('turns faults on and off on the phone page', { timeout: slow }, async () => {
    await using sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.getByRole('heading', { name: 'Faults' }).click()
    await page.getByLabel(/^Duplicate/).selectOption('1')
    await page.getByText('1 on').waitFor()
    expect(sim.faults.get()).toMatchObject({ duplicate: { rate: 1 } })
    await page.getByRole('button', { name: 'Turn all off' }).click()
    await page.getByText('all is well').waitFor()
    expect(sim.faults.get()).toEqual({})
  })

  it('shows a text of the program on the phone page, and sends the reply to the program as message.received', {
    timeout: slow,
  }, async () => {
    await using sim = await clinic()
    const client = new Telnyx({ apiKey: 'KEY', baseURL: sim.url, maxRetries: 0 })
    const own = '+15550001111'
    const program = '+15550002222'
    await client.messages.send({ from: program, to: own, text: 'Your table is ready.' })
    await expect.poll(() => sim.messages().at(-1)?.status).toBe('delivered')
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    const inbox = page.getByRole('region', { name: 'Messages' })
    const log = inbox.getByRole('log')
    await log.getByText('Your table is ready.').waitFor()
    await client.messages.send({ from: program, to: '+15550003333', text: 'For another phone.' })
    await client.messages.send({ from: program, to: own, text: 'مرحبا\nReply YES to confirm.' })
    await log.getByText('Reply YES to confirm.').waitFor()
    await expect
      .poll(() => log.getByRole('listitem').allTextContents())
      .toEqual([
        expect.stringMatching(/^\+1 555 000 2222 .*Your table is ready\.$/),
        expect.stringMatching(/Reply YES to confirm\.$/),
      ])
    await inbox.getByLabel('Text message to +1 555 000 2222').fill('YES 2')
    await page.keyboard.press('Enter')
    await log.getByText('YES 2').waitFor()
    await expect.poll(() => inbox.getByLabel('Text message to').inputValue()).toBe('')
    const reply = () => sim.deliveries().find(({ event }) => event.event_type === 'message.received')
    await expect.poll(() => reply()?.status).toBe('delivered')
    expect(reply()?.event.payload).toMatchObject({
      from: { phone_number: own },
      to: [{ phone_number: program }],
      text: 'YES 2',
    })
    await inbox.getByLabel('Text message to +1 555 000 2222').pressSequentially('Half a')
    await client.messages.send({ from: '+15550004444', to: own, text: 'Your code is 123456.' })
    await log.getByText('Your code is 123456.').waitFor()
    await expect.poll(() => inbox.getByRole('combobox', { name: 'To' }).inputValue()).toBe(program)
    const other = inbox.getByRole('button', { name: '+1 555 000 3333' })
    await other.click()
    await log.getByText('For another phone.').waitFor()
    await expect.poll(() => log.getByRole('listitem').count()).toBe(1)
    await expect.poll(() => other.getAttribute('aria-pressed')).toBe('true')
    expect(await violations(page)).toEqual([])
    expect(tab.wrong).toEqual([])
  })

  it('the phone page shows that it is reconnecting when the simulator stops', { timeout: slow }, async () => {
    const sim = await clinic()
    await using tab = await open(sim.phoneUrl)
    const { page } = tab
    await page.getByText('in service').waitFor()
    await sim.close()
    await page.getByText('No service, reconnecting…').waitFor()
    await expect.poll(() => page.getByRole('button', { name: /^Call \+1/ }).isDisabled()).toBe(true)
  })

  it.each([360, 1280])(
    'the phone and events pages fit into %d pixels without WCAG violations in light and dark mode',
    { timeout: slow },
    async (width) => {
      await using sim = await clinic()
      await using tab = await open(sim.phoneUrl, width)
      const { page } = tab
      for (const path of ['/phone', '/events']) {
        await page.goto(new URL(path, sim.phoneUrl).href)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          await page.getByRole('heading', { level: 1 }).waitFor()
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
          expect(await violations(page)).toEqual([])
        }
      }
    },
  )
})

describe('events page', () => {
  it('lists past and live commands and webhooks on the events page, and filters, resends and copies them', {
    timeout: slow,
  }, async () => {
    await using sim = await clinic()
    const early = await sim.phone.dial()
    await expect.poll(() => early.view.collecting?.kind).toBe('digits')
    await using tab = await open(sim.eventsUrl)
    const { page } = tab
    await page.getByRole('button', { name: /Command answer/ }).waitFor()
    await page.getByRole('button', { name: /Webhook call\.initiated/ }).waitFor()
    await early.press('5')
    const key = page.getByRole('button', { name: /Webhook call\.dtmf\.received digit 5.*200/ })
    await key.click()
    const details = page.getByRole('region', { name: 'Details' })
    await details.getByText('Attempt 1').click()
    await expect.poll(() => details.textContent()).toMatch(/telnyx-signature-ed25519/)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await details.getByRole('button', { name: 'Copy: Event' }).click()
    const copied = async () => JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
    await expect.poll(copied).toMatchObject({ event_type: 'call.dtmf.received', payload: { digit: '5' } })
    await details.getByRole('button', { name: 'Resend' }).first().click()
    await details.getByText('Resent').waitFor()
    expect(sim.deliveries().filter(({ event }) => event.event_type === 'call.dtmf.received')).toHaveLength(2)
    const refused = await fetch(`${sim.url}/calls/${early.id}/actions/gather`, {
      method: 'POST',
      headers: { authorization: 'Bearer KEY', 'content-type': 'application/json' },
      body: '{"maximum_digits":0}',
    })
    expect(refused.status).toBe(422)
    await page.getByRole('button', { name: 'Only failures' }).click()
    await page.getByRole('button', { name: /Command gather.*422 · 90023/ }).click()
    await expect.poll(() => details.textContent()).toMatch(/\/maximum_digits/)
    expect(await violations(page)).toEqual([])
    await page.getByLabel('Find').fill('nothing like this')
    await page.getByText('Nothing matches.').waitFor()
    expect(tab.wrong).toEqual([])
  })
})
