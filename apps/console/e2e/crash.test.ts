import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

it('shows every key exactly once after the server is killed between two keys', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new Agent(await stage.openConsole())
  await caller.dial()
  await agent.answers()
  await agent.panel.getByRole('button', { name: 'Account number', exact: true }).click({ modifiers: ['Shift'] })
  // The gather must not time out while the server is down.
  await agent.panel.getByRole('button', { name: 'More options' }).click()
  await agent.panel.getByRole('textbox', { name: 'Between two digits (seconds)' }).fill('60')
  await agent.asks()
  await caller.press('40')
  await agent.panel.getByRole('img', { name: /^2 / }).waitFor()

  await stage.killBackend()
  await caller.press('7')
  await stage.restartBackend()
  await caller.press('1')

  await agent.panel.getByRole('img', { name: /^4 .*4 0 7 1/ }).waitFor({ timeout: 20_000 })
  const keys = stage.simulator.deliveries().filter(({ event }) => event.event_type === 'call.dtmf.received')
  expect(keys).toHaveLength(4)
  await expect.poll(() => agent.transcript.getByText('4 keys').count()).toBe(1)
})
