import { expect, it } from 'vitest'
import { Agent } from './people.ts'
import { setStage } from './stage.ts'

it('offers the second of two agents who ask at the same time to replace the running request', async () => {
  await using stage = await setStage()
  const agents = [new Agent(await stage.openConsole()), new Agent(await stage.openConsole())] as const
  const [one, two] = agents
  await stage.simulator.phone.dial()
  await one.answers()
  await two.page
    .getByRole('navigation', { name: 'Calls' })
    .getByRole('button', { name: /Talking/ })
    .click()
  const questionOf = (agent: Agent) => (agent === one ? 'Your account number?' : 'Your date of birth?')
  for (const agent of agents) {
    await agent.writesOwn()
    await agent.panel.getByRole('textbox', { name: 'What to say' }).fill(questionOf(agent))
  }
  // Holds both commands until both are sent: a form disappears as soon as the other agent's request is known.
  let release = () => {}
  const bothSent = new Promise<void>((resolve) => {
    release = resolve
  })
  let sent = 0
  for (const { page } of agents) {
    await page.route('**/v2/calls/*/actions/*', async (route) => {
      sent += 1
      if (sent === agents.length) release()
      await bothSent
      await route.continue()
    })
  }
  await Promise.all(agents.map((agent) => agent.asks()))
  const replaceIn = (agent: Agent) => agent.panel.getByRole('button', { name: 'Replace', exact: true })
  const second = await Promise.any(
    agents.map((agent) =>
      replaceIn(agent)
        .waitFor()
        .then(() => agent),
    ),
  )
  await second.panel.getByText('is already asking for digits, by speech.').waitFor()
  await replaceIn(second).click()
  for (const agent of agents)
    await agent.panel
      .getByText(`“${questionOf(second)}”`)
      .first()
      .waitFor()
  await expect.poll(() => replaceIn(second).count()).toBe(0)
})
