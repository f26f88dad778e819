import { expect, it } from 'vitest'
import { Agent, Caller, hasFocus } from './people.ts'
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
    .getByRole('button', { name: /Talking/ })
    .waitFor()
  // A second call rings: "a" would answer it, "j" and "k" would go to it.
  await stage.simulator.phone.dial()
  await agent.ringing.waitFor()
  const shown = async () => ({
    theme: await page.evaluate(() => document.documentElement.dataset.cgTheme),
    drawer: await page.getByRole('complementary', { name: 'Events' }).count(),
    call: await page.locator('main article h2').textContent(),
    ringing: await agent.ringing.count(),
  })
  const before = await shown()

  // Another client starts a gather while the agent writes a question.
  const other = new Agent(await stage.openConsole())
  await other.page
    .getByRole('navigation', { name: 'Calls' })
    .getByRole('button', { name: /Talking/ })
    .first()
    .click()
  await agent.writesOwn()
  const question = agent.panel.getByRole('textbox', { name: 'What to say' })
  await question.click()
  await page.keyboard.type('hello')
  await other.panel.getByRole('button', { name: 'Yes or no' }).click()
  await agent.panel.getByRole('button', { name: 'Stop request' }).waitFor()
  await page.keyboard.type(' mate, take a jar, we ask')
  expect(await shown()).toEqual(before)
  // The form stays, with its text and focus.
  await expect.poll(() => question.inputValue()).toBe('hello mate, take a jar, we ask')
  await expect.poll(() => hasFocus(question)).toBe(true)
  await other.panel.getByRole('button', { name: 'Stop request' }).click()

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
  await expect.poll(() => whisper.inputValue()).toBe('offer them')

  // The host hides the panel, as Suspense and tabs do.
  await whisper.click()
  await agent.panel.evaluate((panel) => {
    panel.style.display = 'none'
  })
  await page.waitForFunction(() => document.activeElement?.matches('.cg-key-sink'))
  await page.keyboard.type(' two jams at ten')
  expect(await shown()).toEqual(before)
})

it('moves the focus to the call after Answer', async () => {
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
  // The list may say first that the call is answered. The focus moves after the response.
  await expect.poll(() => hasFocus(agent.panel)).toBe(true)
})

it('leaves the focus in a field when the response of Answer comes late', async () => {
  await using stage = await setStage()
  const page = await stage.openConsole()
  const agent = new Agent(page)
  await stage.simulator.phone.dial()
  await agent.ringing.click()
  let respond = () => {}
  const isWriting = new Promise<void>((resolve) => {
    respond = resolve
  })
  await page.route('**/answer', async (route) => {
    const response = await route.fetch()
    await isWriting
    await route.fulfill({ response })
  })
  await page.getByRole('button', { name: 'Answer', exact: true }).click()
  await agent.panel.getByText('Answered', { exact: true }).waitFor()
  const field = page.getByRole('searchbox', { name: 'Find a call' })
  await field.click()
  respond()
  await agent.isOnCall()
  expect(await hasFocus(field)).toBe(true)
})
