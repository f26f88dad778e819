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
    .getByRole('button', { name: /Answered/ })
    .click()
  const questionOf = (agent: Agent) => (agent === one ? 'Your account number?' : 'Your date of birth?')
  for (const agent of agents) {
    await agent.panel.getByRole('textbox', { name: 'What to say' }).fill(questionOf(agent))
  }
  // Pressed in the same moment: a form disappears as soon as the other agent's request is known.
  const buttons = await Promise.all(agents.map((agent) => agent.askButton.elementHandle()))
  await Promise.all(buttons.map((button) => button?.evaluate((element) => (element as HTMLElement).click())))
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
  expect(await replaceIn(second).count()).toBe(0)
})
