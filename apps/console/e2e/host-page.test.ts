/**
 * The built components in pages of hosts: in a shadow root, a narrow frame, under a strict content security policy, in a
 * hidden tab, beside compiled hooks, from right to left, and with content of the host.
 */
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle, openPage } from './hosts/open-page.ts'
import { hostSheets } from './hosts/sheets.ts'
import { itLong } from './long.ts'

declare global {
  interface Window {
    open(page: string, at: number): Promise<void>
    openInShadow(host: Element, page: string, at: number): Promise<void>
    showScenes(options: { width?: number; arabic?: boolean }): Promise<void>
    seek(position: number): Promise<void>
    violations: string[]
  }
}

/** The call rings, collects digits, and has ended. */
const COLLECTING = 7900
const ENDED = 60_000

const ours = '<link rel="stylesheet" href="/styles.css">'
const app = '<script type="module" src="/page.js"></script>'

let browser: Browser
let script: string

beforeAll(async () => {
  const executablePath = findBrowser()
  browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  script = await bundle('host-page.tsx')
})

afterAll(() => browser?.close())

/** Opens a page with our styles and the bundle. */
const openApp = (html = '', options = {}) => openPage(browser, { html: `${ours}${html}${app}`, script, ...options })

const show = (page: Page, name: string, at: number) =>
  page.evaluate(([name, at]) => window.open(name, at), [name, at] as const)

/** The focused element, also in a shadow root, as its text or label. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document
    const inner = activeElement?.shadowRoot?.activeElement ?? activeElement
    return inner?.getAttribute('aria-label') ?? inner?.textContent ?? ''
  })

describe('In an open shadow root with adopted style sheets', () => {
  let page: Page

  const openShadow = async (attributes = '') => {
    page = await openPage(browser, { html: `<main id="host" ${attributes}></main><p>Outside</p>${app}`, script })
    await page.evaluate(
      (at) => window.openInShadow(document.querySelector('#host') as Element, 'console', at),
      COLLECTING,
    )
    await page.getByRole('button', { name: 'Export' }).waitFor()
  }

  itLong('a menu opens, moves by the arrow keys, stays open for presses inside, and gives the focus back', async () => {
    await openShadow()
    const button = page.getByRole('button', { name: 'Export' })
    const items = page.getByRole('menuitem')
    await button.click()
    const names = await items.allTextContents()
    expect(names.length).toBeGreaterThan(1)
    expect(await focused(page)).toBe(names[0])
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe(names[1])
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    expect(await focused(page)).toBe(names.at(-1))
    await page.getByRole('menu').click({ position: { x: 1, y: 1 } })
    await expect.poll(() => items.count()).toBe(names.length)
    await page.keyboard.press('Escape')
    await expect.poll(() => items.count()).toBe(0)
    expect(await focused(page)).toBe('Export')
    await button.click()
    await page.getByText('Outside').click()
    await items.first().waitFor({ state: 'detached' })
    await page.context().close()
  })

  itLong('the dialogs of shortcuts open by their keys, and give the focus back', async () => {
    await openShadow()
    const region = page.getByRole('article')
    const export_ = page.getByRole('button', { name: 'Export' })
    await export_.focus()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Export')
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox')
    await field.waitFor()
    await field.pressSequentially('stop')
    await expect.poll(() => page.getByRole('option').count()).toBeGreaterThan(0)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Export')
    await expect.poll(() => region.isVisible()).toBe(true)
    await page.context().close()
  })

  itLong('the theme and the density of the shadow host apply', async () => {
    const look = async (attributes: string) => {
      await openShadow(attributes)
      const look = await page.getByRole('button', { name: 'Export' }).evaluate((button) => ({
        color: getComputedStyle(button.closest('.cg') as Element).color,
        height: button.getBoundingClientRect().height,
      }))
      await page.context().close()
      return look
    }
    const light = await look('data-cg-theme="light"')
    const dark = await look('data-cg-theme="dark" data-cg-density="touch"')
    const lightness = (color: string) => Number(/[\d.]+/.exec(color.replace(/^\w+/, ''))?.[0])
    expect(lightness(dark.color)).toBeGreaterThan(lightness(light.color))
    expect(dark.height).toBeGreaterThan(light.height)
  })
})

itLong('In a frame of 320 px, no component makes the page scroll sideways', async () => {
  const page = await openPage(browser, {
    html: '<iframe src="/" width="320" height="600" style="border: 0"></iframe>',
  })
  // The page and its frame have the same address, so the frame gets its content here.
  const frame = page.frames()[1]
  if (!frame) throw new Error('The page has no frame.')
  await frame.setContent(`<!doctype html>${ours}<style>body { margin: 0 }</style>`)
  await frame.addScriptTag({ content: script })
  await frame.evaluate(() => window.showScenes({ width: 320 }))
  await frame.getByRole('article').first().waitFor()
  const widths = await frame.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement
    return { clientWidth, scrollWidth, scenes: document.querySelectorAll('[data-scene]').length }
  })
  expect(widths).toEqual({ clientWidth: 320, scrollWidth: 320, scenes: expect.any(Number) })
  expect(widths.scenes).toBeGreaterThan(20)
  await page.context().close()
})

it('Under a strict content security policy with Trusted Types, the browser blocks nothing', async () => {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
  const page = await openApp('<div id="server"></div>', { policy })
  await page.evaluate(() => {
    window.violations = []
    document.addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
      window.violations.push(violatedDirective),
    )
  })
  await show(page, 'console', COLLECTING)
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem').first().waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.evaluate((ended) => window.seek(ended), ENDED)
  await page.evaluate(() => window.showScenes({}))
  await page.locator('[data-scene="Shortcuts"] article').waitFor()
  expect(await page.evaluate(() => window.violations)).toEqual([])
  // The page does report what the policy forbids.
  await page.evaluate(() => {
    document.body.setAttribute('style', 'color: red')
    try {
      document.body.innerHTML = '<p></p>'
    } catch {
      // Trusted Types throw.
    }
  })
  await expect
    .poll(() => page.evaluate(() => window.violations))
    .toEqual(['style-src-attr', 'require-trusted-types-for'])
  await page.context().close()
})

itLong('A panel that React hid in an `Activity` shows what happened meanwhile, and works', async () => {
  const page = await openApp()
  await show(page, 'tabs', 4000)
  const tab = page.locator('#tab').getByRole('article', { includeHidden: true })
  const always = page.locator('#always').getByRole('article')
  await tab.waitFor()
  const before = await always.textContent()
  await page.getByRole('button', { name: 'Other tab' }).click()
  await tab.waitFor({ state: 'hidden' })
  await page.evaluate((at) => window.seek(at), COLLECTING)
  await expect.poll(() => always.textContent()).not.toBe(before)
  await page.getByRole('button', { name: 'Other tab' }).click()
  await tab.waitFor()
  await expect.poll(() => tab.textContent()).toBe(await always.textContent())
  await page.locator('#tab').getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem').first().waitFor()
  await always.getByRole('heading').first().click()
  await page.getByRole('menuitem').first().waitFor({ state: 'detached' })
  await page.context().close()
})

itLong('A component that the React Compiler compiled shows what it shows without the compiler', async () => {
  const compiled = await bundle('host-page.tsx', { compiled: true })
  const usesCompiler = (code: string) => code.includes('react-compiler-runtime')
  expect([usesCompiler(compiled), usesCompiler(script)]).toEqual([true, false])
  const pages = await Promise.all([compiled, script].map((script) => openApp('', { script })))
  const shown = () => Promise.all(pages.map((page) => page.locator('[data-host-component]').textContent()))
  for (const page of pages) await show(page, 'hooks', 0)
  const texts = new Set<string | null>()
  for (let at = 500; at <= 20_000; at += 500) {
    for (const page of pages) await page.evaluate((at) => window.seek(at), at)
    await expect
      .poll(async () => {
        const [one, other] = await shown()
        return one === other ? 'the same' : [one, other]
      })
      .toBe('the same')
    texts.add((await shown())[0] ?? null)
  }
  expect(texts.size).toBeGreaterThan(5)
  for (const page of pages) await page.context().close()
})

describe('Content of the host in a panel', () => {
  for (const order of ['before', 'after'] as const) {
    itLong(`keeps the style of Bootstrap that comes ${order} our styles`, async () => {
      const bootstrap = `<style>${(await hostSheets())['Bootstrap 5']}</style>`
      const sheets = order === 'before' ? bootstrap + ours : ours + bootstrap
      const page = await openPage(browser, {
        html: `${sheets}<p class="d-flex"><button type="button" class="btn btn-primary" id="outside">Hang up</button></p>${app}`,
        script,
      })
      await show(page, 'panel', COLLECTING)
      const lookOf = (selector: string) =>
        page.locator(selector).evaluate((element) => {
          const style = getComputedStyle(element)
          // Bootstrap gives its tap highlight to the page, and the panel inherits nothing of it.
          const names = [...style].filter((name) => !/^--|tap-highlight/.test(name))
          return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]))
        })
      expect(await lookOf('.cg [data-host]')).toEqual(await lookOf('#outside'))
      await page.context().close()
    })
  }
})

describe('On a page from right to left', () => {
  for (const arabic of [false, true]) {
    itLong(`numbers, times and digits keep their order in ${arabic ? 'Arabic' : 'English'}`, async () => {
      const page = await openApp('<script>document.documentElement.dir = "rtl"</script>')
      await page.evaluate((arabic) => window.showScenes({ arabic }), arabic)
      await page.locator('[data-scene="Shortcuts"] article').waitFor()
      await expect.poll(async () => (await page.evaluate(findReordered)).count).toBeGreaterThan(50)
      expect((await page.evaluate(findReordered)).wrong).toEqual([])
      await page.context().close()
    })
  }
})

/** Finds telephone numbers, times and rows of digits whose characters the browser draws in another order. */
function findReordered(): { wrong: string[]; count: number } {
  const wrong: string[] = []
  let count = 0
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest('.cg')) continue
    for (const { 0: text, index } of (node.textContent ?? '').matchAll(/[+-]?\d[\d :.,/•-]*[\d+*#]/g)) {
      const places = [...text].map((_, offset) => {
        const range = document.createRange()
        range.setStart(node, index + offset)
        range.setEnd(node, index + offset + 1)
        return range.getBoundingClientRect()
      })
      const drawn = places.filter(({ width }) => width > 0)
      if (drawn.length < 2) continue
      count++
      // A line break starts again at the left.
      const isInOrder = drawn.every(({ left, top }, at) => {
        const before = drawn[at - 1]
        return !before || top > before.top || left > before.left
      })
      if (!isInOrder) {
        const { localName, className } = node.parentElement
        wrong.push(`${localName}.${className}: ${text} in “${node.textContent}”`)
      }
    }
  }
  return { wrong, count }
}
