/**
 * Renders every component of the built package in pages with the styles of other frameworks. Each element must have the
 * computed styles and the box that it has on a neutral page.
 */
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundle, openPage } from './hosts/open-page.ts'
import { hostSheets, ownSheets } from './hosts/sheets.ts'
import { isLong, itLong } from './long.ts'

declare global {
  interface Window {
    showAll(): Promise<void>
    remember(): number
    differences(): string[]
  }
}

/**
 * The fonts are the host's choice, which it makes by variables. Animations, and tiles out of view that have no layout, would
 * make two measurements differ.
 */
const fixed = `
:root { --cg-font-family: sans-serif; --cg-font-mono: monospace; }
*, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent !important; }
:is([data-scene], [data-cg-shortcuts])::before, :is([data-scene], [data-cg-shortcuts])::after { content: none !important; }
.cg-wall-grid > li { content-visibility: visible !important; }
`

/** A measurement takes seconds on a busy machine. */
const patient = { timeout: 30_000 }

const hosts = await hostSheets()
const own = await ownSheets()
let browser: Browser
let script: string

beforeAll(async () => {
  const executablePath = findBrowser()
  browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  script = await bundle('page.tsx')
})

afterAll(() => browser?.close())

/** Opens what is closed at first, so that it is measured too. */
async function openEverything(page: Page): Promise<void> {
  const scene = (name: string) => page.locator(`[data-scene="${name}"]`)
  await scene('Transcript').getByRole('button', { name: 'Find' }).click()
  await scene('Transcript').getByRole('button', { name: 'Filter' }).click()
  await scene('AskCaller').getByRole('button', { name: 'Write your own' }).click()
  await scene('AskCaller').getByRole('button', { name: 'Show JSON' }).click()
  await scene('AskCaller, AI').getByRole('button', { name: 'Write your own' }).click()
  await scene('AskCaller, AI')
    .getByRole('radio', { name: /by conversation/ })
    .check({ force: true })
  await scene('CallTimeline, as a table').getByRole('button', { name: /table/i }).click()
  await scene('GatherFields')
    .getByRole('button', { name: /Correct/ })
    .first()
    .click()
  await scene('Transcript of an assistant').getByRole('button', { name: 'Export' }).click()
}

/** The hosts that `npm test` tries. Their rules cover those of the others. */
const usual = new Set(['Bootstrap 5', 'rules for elements'])

/** The other direction has the same rules, so only the long tests render it too. */
const directions = isLong ? ['ltr', 'rtl'] : ['ltr']

describe.each(directions)('The components on the page of a host, %s,', (direction) => {
  let page: Page

  beforeAll(async () => {
    page = await openPage(browser, {
      html: `<html dir="${direction}"><style>${fixed}</style><style id="before"></style><style>${own}</style><style id="after"></style><body>`,
    })
    await page.addScriptTag({ content: script })
    await page.evaluate(() => window.showAll())
    await openEverything(page)
    // The scenes are at rest when two measurements are the same.
    await vi.waitFor(async () => expect(await changes({ remembers: true })).toEqual([]), patient)
    expect(await page.evaluate(() => window.remember())).toBeGreaterThan(1000)
  })

  /** Returns the differences from the remembered look after the scenes had time to measure themselves. */
  const changes = (options: { remembers?: boolean } = {}): Promise<string[]> =>
    page.evaluate(async ({ remembers }) => {
      if (remembers) window.remember()
      for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve))
      return window.differences().slice(0, 30)
    }, options)

  async function expectSameLook(sheets: { before?: string; after?: string }): Promise<void> {
    await page.evaluate(({ before = '', after = '' }) => {
      const of = (id: string) => document.getElementById(id) as HTMLElement
      of('before').textContent = before
      of('after').textContent = after
    }, sheets)
    await expect.poll(() => changes(), patient).toEqual([])
  }

  it('look the same again without styles of the host', async () => {
    await expectSameLook({})
  })

  for (const [name, sheet] of Object.entries(hosts)) {
    // A host may load its styles first or last. `npm test` tries the order in which most rules of a host win.
    itLong(`look as on a neutral page with ${name} before our styles`, async () => {
      await expectSameLook({ before: sheet })
    })
    const test = usual.has(name) ? it : itLong
    test(`look as on a neutral page with ${name} after our styles`, async () => {
      await expectSameLook({ after: sheet })
    })
  }
})
