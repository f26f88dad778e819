/** The two people of every end-to-end test, and what they do, in the words of their screens. */
import type { Locator, Page } from 'playwright'

/** Someone with the simulator's phone in their browser. */
export class Caller {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Dials the number that is on the screen. */
  async dial(): Promise<void> {
    await this.page.getByRole('button', { name: /^Call \+/ }).click()
  }

  /** Presses keys, at the pace of a person in a hurry. */
  async press(keys: string): Promise<void> {
    const names: Record<string, string> = { '*': 'star', '#': 'pound', '0': 'zero' }
    for (const key of keys) {
      await this.page.getByRole('button', { name: names[key] ?? key, exact: true }).click()
      await this.page.waitForTimeout(120)
    }
  }

  /** Says something to the assistant, once it has stopped speaking. */
  async say(words: string): Promise<void> {
    const field = this.page.getByPlaceholder('Say something')
    await field.fill(words)
    await field.press('Enter')
  }

  /** Waits until the caller hears something. */
  async hears(words: string | RegExp): Promise<void> {
    await this.page.getByRole('region', { name: 'Conversation' }).getByText(words).last().waitFor()
  }

  /** Hangs up. */
  async hangUp(): Promise<void> {
    await this.page.getByRole('button', { name: /hang up/i }).click()
  }
}

/** Someone with the console in their browser. */
export class Agent {
  readonly page: Page
  /** What is open: the gather panel of one call. */
  readonly panel: Locator
  readonly transcript: Locator
  /** The call that rings, in the list. */
  readonly ringing: Locator

  constructor(page: Page) {
    this.page = page
    this.ringing = page.getByRole('navigation', { name: 'Calls' }).getByRole('button', { name: /Ringing/ })
    this.panel = page.getByRole('main').getByRole('article')
    this.transcript = page.getByRole('log', { name: 'Transcript' })
  }

  /** Opens the call that rings, and answers it. */
  async answers(): Promise<void> {
    await this.ringing.click()
    await this.page.getByRole('button', { name: 'Answer', exact: true }).click()
    await this.panel.getByText('Answered', { exact: true }).waitFor()
  }

  /** Chooses what to ask for. */
  async chooses(purpose: string): Promise<void> {
    await this.panel.getByRole('radio', { name: purpose }).check({ force: true })
  }

  /** Sends what the form says. */
  async asks(): Promise<void> {
    await this.panel.getByRole('button', { name: 'Ask the caller', exact: true }).click()
  }

  /** Answers the question that a risky button asks back. */
  async confirms(button: string): Promise<void> {
    await this.panel.getByRole('alertdialog').getByRole('button', { name: button }).click()
  }

  /** Waits until the slots hold these digits, read as a screen reader would find them. */
  async sees(digits: string, of: number): Promise<void> {
    const name = `${digits.length} of ${of}: ${[...digits].join(' ')}`
    await this.panel.getByRole('img', { name }).waitFor()
  }

  /** Drafts the fields of an AI gather, whatever the form began with. */
  async buildsFields(fields: readonly { name: string; type: string }[]): Promise<void> {
    const rows = this.panel.getByRole('group', { name: 'Fields to collect' }).getByRole('group')
    for (let left = await rows.count(); left > fields.length; left--) {
      await rows
        .last()
        .getByRole('button', { name: /^Remove/ })
        .click()
    }
    for (let have = await rows.count(); have < fields.length; have++) {
      await this.panel.getByRole('button', { name: 'Add field' }).click()
    }
    for (const [index, { name, type }] of fields.entries()) {
      const row = rows.nth(index)
      await row.getByRole('textbox', { name: 'Field name' }).fill(name)
      await row.getByRole('combobox', { name: 'Type' }).selectOption({ label: type })
    }
  }

  /** Waits until a field stands like this. */
  async seesField(label: string, value: string | RegExp, status: 'heard' | 'confirmed'): Promise<void> {
    const field = this.panel.locator('dl > div').filter({ hasText: label }).filter({ hasText: value })
    await field.filter({ hasText: status }).first().waitFor()
  }

  /** Waits for a row of the transcript. */
  async hears(words: string): Promise<void> {
    await this.transcript.getByText(words).last().waitFor()
  }

  /** Waits for a chip of the gather, such as its outcome. */
  async seesChip(words: string): Promise<void> {
    await this.panel.getByRole('region').first().getByText(words, { exact: true }).first().waitFor()
  }
}

declare global {
  interface Window {
    /** Tells the test what a screen reader would have said. */
    announced(text: string): void
  }
}

/** The agent again, without a mouse, and listening to what a screen reader would say. */
export class KeyboardAgent extends Agent {
  /** Everything that live regions have said, in order. */
  readonly heard: string[] = []

  /** Notes, from now on, what comes into a live region: its text as a whole, as `aria-atomic` asks. */
  async listens(): Promise<void> {
    await this.page.exposeFunction('announced', (text: string) => this.heard.push(text))
    await this.page.evaluate(() => {
      const regions = '[role="status"], [role="alert"], [aria-live="polite"], [aria-live="assertive"]'
      new MutationObserver((changes) => {
        const said = new Set<Element>()
        for (const { target } of changes) {
          const element = target instanceof Element ? target : target.parentElement
          const region = element?.closest(regions)
          if (region) said.add(region)
          for (const alert of element?.querySelectorAll('[role="alert"]') ?? []) said.add(alert)
        }
        for (const region of said) if (region.textContent) window.announced(region.textContent.trim())
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
  }

  override async answers(): Promise<void> {
    await this.ringing.waitFor()
    await this.page.keyboard.press('j')
    await this.panel.waitFor()
    await this.page.keyboard.press('a')
    await this.panel.getByText('Answered', { exact: true }).waitFor()
  }

  /** Goes to a control with the Tab key. It must be there and be reached: nothing is focused but by the key. */
  async tabsTo(control: Locator): Promise<void> {
    await control.waitFor()
    for (let stops = 0; stops < 120; stops++) {
      if (await control.evaluate((element) => element === document.activeElement)) return
      await this.page.keyboard.press('Tab')
    }
    throw new Error(`The Tab key does not lead to ${String(control)}.`)
  }

  /** Goes to a control, and presses Enter, or another key. */
  async presses(control: Locator, key = 'Enter'): Promise<void> {
    await this.tabsTo(control)
    await this.page.keyboard.press(key)
  }

  /** Goes to a field, and types. */
  async types(field: Locator, text: string): Promise<void> {
    await this.tabsTo(field)
    await this.page.keyboard.press('ControlOrMeta+A')
    await this.page.keyboard.type(text)
  }
}
