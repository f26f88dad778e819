import { expect, it, vi } from 'vitest'
import { Caller, hasFocus, KeyboardAgent } from './people.ts'
import { setStage } from './stage.ts'

const inTime = { timeout: 30_000, interval: 50 }

it('asks for digits and fields, stops a request, corrects a field and announces updates by keyboard alone', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new KeyboardAgent(await stage.openConsole())
  const { page, panel } = agent
  const hears = (words: string | RegExp) =>
    vi.waitFor(() => expect(agent.heard).toContainEqual(expect.stringMatching(words)), inTime)
  await agent.listens()
  await caller.dial()
  await agent.answers()

  // Digits from a preset: announcements count the digits and never name them.
  await agent.presses(panel.getByRole('button', { name: 'PIN', exact: true }), 'Shift+Enter')
  await agent.presses(panel.getByRole('checkbox', { name: /Hide the digits/ }), 'Space')
  await agent.presses(panel.getByRole('button', { name: 'Ask the caller', exact: true }))
  await caller.hears(/PIN/)
  // The form that had the focus is gone, but the focus is kept.
  await panel.getByRole('button', { name: 'Ask the caller', exact: true }).waitFor({ state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('section') !== null)).toBe(true)
  await caller.press('55')
  await agent.sees('55', 4)
  await hears(/^Digit entered, 2 of 4$/)
  await agent.presses(panel.getByRole('button', { name: 'Stop request' }))
  await agent.seesChip('Cancelled')
  await hears(/^Request ended: Cancelled$/)

  // Fields by conversation: each field is announced, and the agent corrects a wrong value.
  await agent.presses(panel.getByRole('button', { name: 'Write your own' }))
  await agent.tabsTo(panel.getByRole('radio', { checked: true }))
  const fields = panel.getByRole('radio', { name: 'Fields, by conversation' })
  for (let turn = 0; turn < 4 && !(await fields.isChecked()); turn++) await page.keyboard.press('ArrowRight')
  await expect.poll(() => fields.isChecked()).toBe(true)
  await agent.types(panel.getByRole('textbox', { name: 'Field name' }).first(), 'Full name')
  await agent.presses(panel.getByRole('button', { name: 'Add field' }))
  await agent.types(panel.getByRole('textbox', { name: 'Field name' }).nth(1), 'City')
  await agent.presses(panel.getByRole('button', { name: 'Ask the caller', exact: true }))
  await caller.hears(/full name/i)
  await caller.say('Ada Lovelace')
  await agent.seesField('Full name', 'Ada Lovelace', 'heard')
  await hears(/^Full name heard: Ada Lovelace$/)
  await agent.presses(panel.getByRole('button', { name: 'Correct Full name' }))
  await agent.types(panel.getByRole('textbox', { name: 'Right value for Full name' }), 'Ada King')
  await page.keyboard.press('Enter')
  await agent.hears('Ada King')
  await agent.presses(panel.getByRole('button', { name: 'Stop request' }))
  await panel.getByRole('button', { name: 'Ask again' }).waitFor()
})

it('whispers, triggers an answer, stops and restarts the assistant by keyboard alone', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new KeyboardAgent(await stage.openConsole())
  const { page, panel } = agent
  await agent.listens()
  await caller.dial()
  await agent.answers()

  await agent.presses(panel.getByRole('button', { name: 'Start assistant' }))
  const message = panel.getByRole('textbox', { name: /Tell the assistant/ })
  const receipts = panel.getByRole('list', { name: 'Messages to the assistant' })
  await agent.types(message, 'Offer Thursday first.')
  await page.keyboard.press('Enter')
  await receipts.getByText('Offer Thursday first.').waitFor()
  await agent.types(message, 'Say that we open at nine.')
  await page.keyboard.press('Control+Enter')
  await receipts.getByText('Say that we open at nine.').waitFor()
  await agent.presses(panel.getByRole('button', { name: 'Stop assistant' }))
  // The confirmation takes the focus, and Enter accepts it.
  const stop = panel.getByRole('alertdialog').getByRole('button', { name: 'Stop' })
  await expect.poll(() => hasFocus(stop)).toBe(true)
  await page.keyboard.press('Enter')
  await agent.hears('Assistant left')
  await agent.types(panel.getByRole('textbox', { name: 'What it should know' }), 'Moved to Thursday.')
  await agent.presses(panel.getByRole('button', { name: 'Hand back to assistant' }))
  await panel.getByRole('button', { name: 'Stop assistant' }).waitFor()

  // Find opens by keyboard, and closing it restores the focus.
  const find = panel.getByRole('button', { name: 'Find' })
  await agent.presses(find)
  await expect.poll(() => hasFocus(panel.getByRole('searchbox', { name: 'Find in the transcript' }))).toBe(true)
  await page.keyboard.type('Thursday')
  await panel.getByText(/^1 of \d+$/).waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => hasFocus(find)).toBe(true)

  // A second call rings. The agent opens it and comes back to the first call.
  await stage.simulator.phone.dial()
  await agent.pressesInstead('k', agent.ringing)
  await panel.getByText('Ringing', { exact: true }).waitFor()
  await page.keyboard.press('j')
  await panel.getByRole('button', { name: 'Stop assistant' }).waitFor()
})

it('answers, asks, stops, asks again, finds an action and hangs up with single keys', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new KeyboardAgent(await stage.openConsole())
  const { page, panel } = agent
  const isFocusKept = () => page.evaluate(() => document.activeElement !== document.body)
  await caller.dial()
  await agent.answers()

  const stopRequest = panel.getByRole('button', { name: 'Stop request' })
  await agent.pressesInstead('1', panel.getByRole('button', { name: 'PIN', exact: true }))
  await caller.hears(/PIN/)
  await agent.pressesInstead('Escape', stopRequest)
  const stop = panel.getByRole('alertdialog').getByRole('button', { name: 'Stop' })
  await expect.poll(() => hasFocus(stop)).toBe(true)
  // A second Escape keeps the request.
  await page.keyboard.press('Escape')
  await stop.waitFor({ state: 'detached' })
  await agent.pressesInstead('Escape', stopRequest)
  await agent.pressesInstead('Enter', stop)
  await agent.seesChip('Cancelled')
  await expect.poll(isFocusKept).toBe(true)
  await agent.pressesInstead('r', panel.getByRole('button', { name: 'Ask again' }))
  await stopRequest.waitFor()

  await page.keyboard.press('ControlOrMeta+K')
  const palette = page.getByRole('dialog', { name: 'Find an action' })
  await palette.getByRole('combobox').fill('transcript')
  await page.keyboard.press('Enter')
  await palette.waitFor({ state: 'hidden' })
  const find = panel.getByRole('searchbox', { name: 'Find in the transcript' })
  await expect.poll(() => hasFocus(find)).toBe(true)
  await page.keyboard.press('Escape')

  // Hanging up needs Shift.
  await agent.pressesInstead('h', panel.getByRole('button', { name: /^Hang up/ }))
  await expect.poll(() => panel.getByText('Answered', { exact: true }).count()).toBe(1)
  await page.keyboard.press('Shift+H')
  await panel.getByText('Ended', { exact: true }).first().waitFor()
  await expect.poll(isFocusKept).toBe(true)
})

it('lets an agent change and turn off the keyboard shortcuts', async () => {
  await using stage = await setStage()
  const agent = new KeyboardAgent(await stage.openConsole())
  const { page, panel } = agent
  await stage.simulator.phone.dial()
  await agent.ringing.waitFor()

  await page.keyboard.press('?')
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await agent.presses(dialog.getByRole('button', { name: 'Next call: J. Change this key' }))
  await page.keyboard.press('n')
  await dialog.getByRole('button', { name: 'Next call: N. Change this key' }).waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  // The old key does nothing, also after a reload.
  await page.reload()
  await agent.ringing.waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('?')
  await dialog.waitFor()
  await expect.poll(() => panel.count()).toBe(0)
  await agent.presses(dialog.getByRole('checkbox', { name: 'Use these shortcuts' }), 'Space')
  await agent.presses(dialog.getByRole('button', { name: 'Close', exact: true }))
  await dialog.waitFor({ state: 'hidden' })
  await page.keyboard.press('n')
  await agent.presses(page.getByRole('button', { name: 'Keyboard shortcuts' }))
  await dialog.waitFor()
  await expect.poll(() => panel.count()).toBe(0)
  await agent.presses(dialog.getByRole('checkbox', { name: 'Use these shortcuts' }), 'Space')
  await agent.presses(dialog.getByRole('button', { name: 'Close', exact: true }))
  await dialog.waitFor({ state: 'hidden' })
  // The dialog disappears before the page handles shortcuts again.
  await vi.waitFor(async () => {
    await page.keyboard.press('n')
    await expect.poll(() => panel.count()).toBe(1)
  }, inTime)
})
