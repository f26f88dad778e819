/** The caller and the agent of the end-to-end tests, who act through roles and accessible names. */
import type { Locator, Page } from 'playwright'

async function untilEnabled(control: Locator): Promise<void> {
  const element = await control.elementHandle()
  await element?.waitForElementState('enabled')
}

/** Whether a control has the focus of its page. */
export const hasFocus = (control: Locator): Promise<boolean> => control.evaluate((it) => it === document.activeElement)

/** A caller who uses the simulator's phone page. */
export class Caller {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Dials the number on the screen. */
  async dial(): Promise<void> {
    await this.page.getByRole('button', { name: /^Call \+/ }).click()
  }

  /** Presses keys, one every 120 ms. */
  async press(keys: string): Promise<void> {
    const names: Record<string, string> = { '*': 'star', '#': 'pound', '0': 'zero' }
    for (const key of keys) {
      await this.page.getByRole('button', { name: names[key] ?? key, exact: true }).click()
      await this.page.waitForTimeout(120)
    }
  }

  /** Speaks to the assistant after it has stopped speaking. */
  async say(words: string): Promise<void> {
    const field = this.page.getByPlaceholder('Say something')
    await field.fill(words)
    await field.press('Enter')
  }

  /** Waits until the caller hears a matching prompt. */
  async hears(words: string | RegExp): Promise<void> {
    await this.page.getByRole('region', { name: 'Conversation' }).getByText(words).last().waitFor()
  }

  /** Hangs up. */
  async hangUp(): Promise<void> {
    await this.page.getByRole('button', { name: /hang up/i }).click()
  }
}

/** An agent who uses the console. */
export class Agent {
  readonly page: Page
  /** The gather panel of the open call. */
  readonly panel: Locator
  readonly transcript: Locator
  /** The ringing call in the list. */
  readonly ringing: Locator

  constructor(page: Page) {
    this.page = page
    this.ringing = page.getByRole('navigation', { name: 'Calls' }).getByRole('button', { name: /Ringing/ })
    this.panel = page.getByRole('main').getByRole('article')
    this.transcript = page.getByRole('log', { name: 'Transcript' })
  }

  /** Opens the ringing call and answers it. */
  async answers(): Promise<void> {
    await this.ringing.click()
    await this.page.getByRole('button', { name: 'Answer', exact: true }).click()
    await this.isOnCall()
  }

  /** Waits until the call is answered. The response moves the focus, perhaps after the event of the call. */
  async isOnCall(): Promise<void> {
    await this.panel.getByText('Answered', { exact: true }).waitFor()
    await untilEnabled(this.panel.getByRole('button', { name: /^Hang up/ }))
  }

  /** Opens the form of a request, unless it is open. */
  async writesOwn(): Promise<void> {
    await this.panel.getByRole('button', { name: 'Write your own' }).click()
  }

  /** Chooses the kind of request in the form. */
  async chooses(purpose: string): Promise<void> {
    await this.panel.getByRole('radio', { name: purpose }).check({ force: true })
  }

  /** Submits the form. */
  async asks(): Promise<void> {
    await this.panel.getByRole('button', { name: 'Ask the caller', exact: true }).click()
  }

  /** Accepts the confirmation of a risky button. */
  async confirms(button: string): Promise<void> {
    await this.panel.getByRole('alertdialog').getByRole('button', { name: button }).click()
  }

  /** Waits until the slots have these digits in their accessible name. */
  async sees(digits: string, of: number): Promise<void> {
    const name = `${digits.length} of ${of}: ${[...digits].join(' ')}`
    await this.panel.getByRole('img', { name }).waitFor()
  }

  /** Replaces the fields in the form of an AI gather. */
  async buildsFields(fields: readonly { name: string; type: string }[]): Promise<void> {
    const rows = this.panel.getByRole('group', { name: 'Fields to collect' }).getByRole('group')
    await rows.first().waitFor()
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

  /** Waits until a field has this text. */
  async seesField(label: string, value: string | RegExp, status: 'heard' | 'confirmed'): Promise<void> {
    const field = this.panel.locator('dl > div').filter({ hasText: label }).filter({ hasText: value })
    await field.filter({ hasText: status }).first().waitFor()
  }

  /** Waits for a row of the transcript. */
  async hears(words: string): Promise<void> {
    await this.transcript.getByText(words).last().waitFor()
  }

  /** Waits for a status chip of the gather, such as its outcome. */
  async seesChip(words: string): Promise<void> {
    await this.panel.locator('.cg-now').getByText(words, { exact: true }).first().waitFor()
  }
}

declare global {
  interface Window {
    /** Reports an announcement to the test. */
    announced(text: string): void
  }
}

/** An agent who uses only the keyboard and records the announcements of live regions. */
export class KeyboardAgent extends Agent {
  /** The announcements of live regions, in order. */
  readonly heard: string[] = []

  /** Records the whole text of a live region after each change, as `aria-atomic` requires. */
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
    await this.pressesInstead('j', this.ringing)
    await this.pressesInstead('a', this.page.getByRole('button', { name: 'Answer', exact: true }))
    await this.isOnCall()
  }

  /** Presses the shortcut of a control, which does nothing before the control is there and enabled. */
  async pressesInstead(key: string, control: Locator): Promise<void> {
    await untilEnabled(control)
    // React registers a shortcut after it has painted the control.
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))))
    await this.page.keyboard.press(key)
  }

  /** Moves the focus to a control with the Tab key only. Throws when Tab does not reach it. */
  async tabsTo(control: Locator): Promise<void> {
    await control.waitFor()
    // To find an element by its role takes longer than a press, so it is found again only if it was replaced.
    let element = await control.elementHandle()
    for (let stops = 0; stops < 120; stops++) {
      if (!(await element?.evaluate((it) => it.isConnected))) element = await control.elementHandle()
      if (await element?.evaluate((it) => it === document.activeElement)) return
      await this.page.keyboard.press('Tab')
    }
    throw new Error(`The Tab key does not reach ${String(control)}.`)
  }

  /** Moves to a control and presses Enter or another key. */
  async presses(control: Locator, key = 'Enter'): Promise<void> {
    await untilEnabled(control)
    await this.tabsTo(control)
    await this.page.keyboard.press(key)
  }

  /** Moves to a field and types. */
  async types(field: Locator, text: string): Promise<void> {
    await this.tabsTo(field)
    await this.page.keyboard.press('ControlOrMeta+A')
    await this.page.keyboard.type(text)
  }
}
