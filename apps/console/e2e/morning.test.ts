import type { Locator } from 'playwright'
import { expect, it, vi } from 'vitest'
import { hasFocus, KeyboardAgent } from './people.ts'
import { setStage } from './stage.ts'

const inTime = { timeout: 30_000, interval: 50 }
const numbers = ['+15550001111', '+15550004477', '+15550009900'] as const

/** Each action of the agent, by the key that does it. With a pointer, the agent presses the control instead. */
const ways = ['keyboard', 'pointer'] as const

it.each(ways)(
  'does a morning of work by %s: answers one of three calls, asks, copies, whispers and wraps up',
  async (way) => {
    await using stage = await setStage()
    const { simulator } = stage
    const page = await stage.openConsole()
    const agent = new KeyboardAgent(page)
    const { panel } = agent
    const button = (name: string | RegExp) => panel.getByRole('button', { name })
    const act = async (key: string, control: Locator) => {
      if (way === 'keyboard') await agent.pressesInstead(key, control)
      else await control.click()
    }
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    const collected = panel.getByRole('region', { name: 'Collected' })
    /** Where the call buttons are. They must never move while the call lasts. */
    const places = new Set<string>()
    const noteHangUp = async () => {
      const { x, y } = (await button(/^Hang up/).boundingBox()) ?? { x: Number.NaN, y: Number.NaN }
      places.add(`${Math.round(x)},${Math.round(y)}`)
    }

    const callers = []
    for (const from of numbers) callers.push(await simulator.phone.dial({ from, to: '+15550199222' }))
    await vi.waitFor(async () => expect(await page.title()).toMatch(/^\(3\) /), { timeout: 15_000 })
    const calls = page.getByRole('navigation', { name: 'Calls' })
    const first = calls.getByRole('button', { name: /^Answer \+1 555 000 1111/ })
    await first.waitFor()
    if (way === 'pointer') await first.click()
    else {
      // The heading has the number when the events of the call have arrived.
      const heading = panel.getByRole('heading', { level: 2, name: /^\+1 / })
      const passed = new Set<string | null>()
      while (!passed.has('+1 555 000 1111')) {
        await page.keyboard.press('j')
        await vi.waitFor(async () => expect(passed).not.toContain(await heading.textContent({ timeout: 1000 })), inTime)
        passed.add(await heading.textContent())
      }
      await agent.pressesInstead('a', panel.getByRole('button', { name: 'Answer', exact: true }))
    }
    await agent.isOnCall()
    await noteHangUp()
    const [caller] = callers
    if (!caller) throw new Error('No call was dialled.')

    await act('2', button(/^Account number/))
    await caller.waitForPrompt('account number', { toTheEnd: true })
    await caller.press('40718832#')
    await collected.getByText('40718832').waitFor()
    await noteHangUp()

    await act('c', collected.getByRole('button', { name: 'Copy Account number' }))
    await vi.waitFor(async () => expect(await clipboard()).toBe('40718832'))

    await act('6', button(/^Appointment/))
    await caller.waitForPrompt('full name')
    await caller.say('Ada Lovelace')
    await agent.seesField('Full name', 'Ada Lovelace', 'heard')
    await caller.waitForPrompt('party size')
    await caller.say('four')
    await collected.getByText('Ada Lovelace').waitFor()
    await noteHangUp()

    const start = button('Start assistant')
    if (way === 'keyboard') await agent.presses(start)
    else await start.click()
    const message = panel.getByRole('textbox', { name: /Tell the assistant/ })
    await act('w', message)
    await vi.waitFor(async () => expect(await hasFocus(message)).toBe(true))
    await page.keyboard.type('Offer Thursday first.')
    await page.keyboard.press('Enter')
    await panel.getByRole('list', { name: 'Messages to the assistant' }).getByText('Offer Thursday first.').waitFor()
    await noteHangUp()
    const stop = button('Stop assistant')
    if (way === 'keyboard') await agent.presses(stop)
    else await stop.click()
    if (way === 'keyboard')
      await agent.pressesInstead('Enter', panel.getByRole('alertdialog').getByRole('button', { name: 'Stop' }))
    else await agent.confirms('Stop')
    await agent.hears('Assistant left')
    await noteHangUp()

    // The masked request comes last, because what follows it within 30 seconds is masked too.
    await act('1', button(/^PIN/))
    await caller.waitForPrompt('four digit PIN', { toTheEnd: true })
    await caller.press('5503')
    await collected.getByText('PIN').waitFor()
    await noteHangUp()
    // The masked PIN can never be copied.
    await expect.poll(() => collected.getByRole('button', { name: 'Copy PIN' }).count()).toBe(0)
    const copyAll = collected.getByRole('button', { name: /^Copy all/ })
    if (way === 'keyboard') await agent.pressesInstead('Shift+C', copyAll)
    else {
      await copyAll.click()
      await collected.getByRole('menuitem').first().click()
    }
    await vi.waitFor(async () => expect(await clipboard()).toMatch(/Account number.*40718832/s))
    expect(await clipboard()).not.toContain('5503')

    // The response moves the focus to the call, perhaps after the wrap-up is on the screen.
    await Promise.all([page.waitForResponse((it) => it.url().endsWith('/hangup')), act('Shift+H', button(/^Hang up/))])
    await expect.poll(() => hasFocus(panel)).toBe(true)
    const wrapUp = panel.getByRole('region', { name: 'Wrap-up' })
    await wrapUp.waitFor()
    const result = wrapUp.getByRole('combobox', { name: 'Result' })
    const note = wrapUp.getByRole('textbox', { name: 'Note' })
    const finish = wrapUp.getByRole('button', { name: 'Finish' })
    if (way === 'keyboard') {
      await agent.tabsTo(result)
      await page.keyboard.type('Solved')
      await agent.types(note, 'Moved to Thursday.')
      await agent.presses(finish)
    } else {
      await result.selectOption({ label: 'Solved' })
      await note.fill('Moved to Thursday.')
      await finish.click()
    }
    await wrapUp.getByText('Finished', { exact: true }).first().waitFor()
    expect([...places]).toHaveLength(1)
    await expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true)
  },
)
