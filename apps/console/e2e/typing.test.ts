import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

it('ignores keys typed into a field that disappears, instead of running shortcuts or pressing buttons', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const page = await stage.openConsole()
  const agent = new Agent(page)
  await caller.dial()
  await agent.answers()
  // The list may show the first call as ringing for a moment after the panel shows it as answered.
  await page
    .getByRole('navigation', { name: 'Calls' })
    .getByRole('button', { name: /Answered/ })
    .waitFor()
  // A second call rings: "a" would answer it, "j" and "k" would go to it.
  await stage.simulator.phone.dial()
  await agent.ringing.waitFor()
  const shown = async () => ({
    theme: await page.evaluate(() => document.documentElement.dataset.cgTheme),
    drawer: await page.getByRole('complementary', { name: 'Events' }).count(),
    tabs: await page.getByRole('navigation', { name: 'Open calls' }).getByRole('button').allTextContents(),
    ringing: await agent.ringing.count(),
  })
  const before = await shown()

  // Another client starts a gather while the agent writes a question.
  const other = new Agent(await stage.openConsole())
  await other.page
    .getByRole('navigation', { name: 'Calls' })
    .getByRole('button', { name: /answered|Answered/ })
    .first()
    .click()
  const question = agent.panel.getByRole('textbox', { name: 'What to say' })
  await question.click()
  await page.keyboard.type('hello')
  await other.panel.getByRole('button', { name: 'Yes or no' }).click()
  await other.asks()
  await question.waitFor({ state: 'detached' })
  await page.keyboard.type(' mate, take a jar, we ask')
  await page.keyboard.press('Enter')
  expect(await shown()).toEqual(before)
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(false)

  // The draft is restored, and a deliberate key enables shortcuts again.
  await agent.panel.getByRole('button', { name: 'Ask something else' }).click()
  expect(await question.inputValue()).toBe('hello')
  await page.keyboard.press('Escape')
  await other.panel.getByRole('button', { name: 'Stop gather' }).click()

  // The assistant ends while the agent writes a whisper.
  await agent.panel.getByRole('button', { name: 'Start assistant' }).click()
  const whisper = agent.panel.getByRole('textbox', { name: /Tell the assistant/ })
  await whisper.click()
  await page.keyboard.type('offer them')
  await other.panel.getByRole('button', { name: 'Stop assistant' }).click()
  await other.confirms('Stop')
  await whisper.waitFor({ state: 'detached' })
  await page.keyboard.type(' two jams at ten')
  await page.keyboard.press('Space')
  expect(await shown()).toEqual(before)
  await agent.panel.getByRole('button', { name: 'Hand back to assistant' }).click()
  await whisper.waitFor()
  expect(await whisper.inputValue()).toBe('offer them')

  // The host hides the panel, as Suspense and tabs do.
  await whisper.click()
  await agent.panel.evaluate((panel) => {
    panel.style.display = 'none'
  })
  await page.waitForFunction(() => document.activeElement?.matches('.cg-key-sink'))
  await page.keyboard.type(' two jams at ten')
  expect(await shown()).toEqual(before)
})

it('moves the focus to the call after Answer, and to the current tab after another tab is closed', async () => {
  await using stage = await setStage()
  const page = await stage.openConsole()
  const agent = new Agent(page)
  await stage.simulator.phone.dial()
  await agent.ringing.click()
  const answer = page.getByRole('button', { name: 'Answer', exact: true })
  await answer.focus()
  await page.keyboard.press('Enter')
  await agent.panel.getByText('Answered', { exact: true }).waitFor()
  await answer.waitFor({ state: 'detached' })
  expect(await agent.panel.evaluate((panel) => panel === document.activeElement)).toBe(true)

  await stage.simulator.phone.dial()
  await agent.ringing.click()
  const tabs = page.getByRole('navigation', { name: 'Open calls' })
  await tabs
    .getByRole('button', { name: /^Close/ })
    .nth(1)
    .focus()
  await page.keyboard.press('Enter')
  const front = tabs.locator('[aria-current="page"]')
  expect(await front.evaluate((tab) => tab === document.activeElement)).toBe(true)
  await tabs.getByRole('button', { name: /^Close/ }).focus()
  await page.keyboard.press('Enter')
  await tabs.waitFor({ state: 'detached' })
  expect(await page.getByRole('main').evaluate((main) => main === document.activeElement)).toBe(true)
})
