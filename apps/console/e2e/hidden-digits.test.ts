import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'
import { withoutIds } from './without-ids.ts'

it('shows the number of PIN digits and never sends their values to the browser', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const page = await stage.openConsole()
  const agent = new Agent(page)
  const received: string[] = []
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => received.push(String(payload))))
  await page.reload()

  await caller.dial()
  await agent.answers()
  await agent.panel.getByRole('button', { name: 'PIN', exact: true }).click()
  await caller.hears(/PIN/)
  await caller.press('8264')
  await agent.panel.getByRole('img', { name: '4 of 4: digits hidden' }).waitFor()
  await agent.seesChip('Valid')

  // The browser received four key events, all masked.
  const frames = withoutIds(received.join('\n'))
  expect(received.filter((frame) => frame.includes('call:event')).length).toBeGreaterThanOrEqual(4)
  expect(frames).not.toMatch(/"[8264]"/)
  expect(frames).not.toContain('8264')
  expect(withoutIds((await page.locator('body').textContent()) ?? '')).not.toContain('8264')
})
