import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

/** Enough requests that their rows don't fit on the screen. */
const REQUESTS = 12

it('prints the whole transcript, the collected values and the wrap-up, black on white and without controls', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const page = await stage.openConsole()
  await page.setViewportSize({ width: 1440, height: 480 })
  const agent = new Agent(page)
  await caller.dial()
  await agent.answers()
  const values = agent.panel.getByRole('region', { name: 'Collected' }).getByRole('listitem')
  const prompts = caller.page.getByRole('region', { name: 'Conversation' }).getByText(/Press 1 for yes/)
  for (let request = 1; request <= REQUESTS; request++) {
    await agent.panel.getByRole('button', { name: /^Yes or no/ }).click()
    await expect.poll(() => prompts.count(), { timeout: 15_000 }).toBe(request)
    await caller.press('1')
    await expect.poll(() => values.count(), { timeout: 15_000 }).toBe(request)
  }
  await caller.hangUp()
  await agent.panel.getByRole('textbox', { name: 'Note' }).fill('Call back on Friday')
  await agent.hears('Caller hung up')

  const rows = agent.transcript.locator('.cg-row')
  const requests = rows.filter({ hasText: 'Press 1 for yes' })
  await expect.poll(() => requests.count()).toBeLessThan(REQUESTS)

  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  await expect.poll(() => requests.count()).toBe(REQUESTS)
  const printed = () =>
    page.evaluate(() => {
      const isShown = (element: Element) => element.getClientRects().length > 0
      const rows = [...document.querySelectorAll('[role="log"] .cg-row')].map((row) => row.getBoundingClientRect())
      const clipped = [...document.querySelectorAll('.cg-panel, .cg-panel *')].filter((element) => {
        const { overflowX, overflowY } = getComputedStyle(element)
        const isCut = element.scrollHeight > element.clientHeight + 1 && overflowY !== 'visible'
        const isHidden = element.classList.contains('cg-visually-hidden') || element.closest('svg, .cg-visually-hidden')
        return isShown(element) && !isHidden && (isCut || overflowX === 'scroll')
      })
      const panel = document.querySelector('.cg-panel') as Element
      return {
        buttons: [...document.querySelectorAll('button')].filter(isShown).length,
        rail: [...document.querySelectorAll('nav')].filter(isShown).length,
        clipped: clipped.map((element) => element.className),
        overlaps: rows.filter((row, index) => index > 0 && row.top < (rows[index - 1]?.bottom ?? 0) - 1).length,
        colours: [getComputedStyle(panel).color, getComputedStyle(document.body).backgroundColor],
      }
    })
  await expect.poll(printed).toEqual({
    buttons: 0,
    rail: 0,
    clipped: [],
    overlaps: 0,
    colours: ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'],
  })
  await expect.poll(() => values.first().isVisible()).toBe(true)
  await expect.poll(() => agent.panel.getByRole('textbox', { name: 'Note' }).isVisible()).toBe(true)

  await page.emulateMedia({ media: 'screen' })
  await expect.poll(() => requests.count()).toBeLessThan(REQUESTS)
})
