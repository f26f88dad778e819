import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

it('does not hang up a call after the network is back when the agent hung up offline', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new Agent(await stage.openConsole())
  const { page, panel } = agent
  await caller.dial()
  await agent.answers()

  // The call buttons follow the list, which may show the call as answered after the panel does.
  const hangUp = panel.getByRole('button', { name: /^Hang up/ })
  await hangUp.waitFor()
  await page.context().setOffline(true)
  await hangUp.click()
  await panel
    .getByRole('alert')
    .getByText(/^Not sent\. Check your network/)
    .waitFor()
  await page.context().setOffline(false)

  // A request to the caller succeeds, so the call goes on.
  await panel.getByRole('button', { name: 'PIN', exact: true }).click({ timeout: 30_000 })
  await caller.hears(/PIN/)
  await expect.poll(() => panel.getByText('Answered', { exact: true }).count()).toBe(1)
})
