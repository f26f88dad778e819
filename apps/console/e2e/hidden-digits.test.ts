import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

it('shows how many digits of a PIN were pressed, and never sends the browser which', async () => {
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
  await agent.asks()
  await caller.hears(/PIN/)
  await caller.press('8264')
  await agent.panel.getByRole('img', { name: '4 of 4: digits hidden' }).waitFor()
  await agent.seesChip('Valid')

  // Four keys came over the wire, and none of them as what it was.
  const frames = received.join('\n')
  expect(received.filter((frame) => frame.includes('call:event')).length).toBeGreaterThanOrEqual(4)
  expect(frames).not.toMatch(/"[8264]"/)
  expect(frames).not.toContain('8264')
  expect(await page.locator('body').textContent()).not.toContain('8264')
})
