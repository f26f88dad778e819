import { describe, expect, it } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'
import { createLog } from './log.ts'

/** Starts a simulator with one answered call, and collects its log. */
async function logged() {
  const test = await testSimulator()
  const lines: string[] = []
  const { id } = await test.answeredCall()
  test.sim.watch(createLog((line) => lines.push(line), { colours: false, hideDigits: false }))
  return { test, id, lines }
}

describe('createLog', () => {
  it('the log shows a prompt with line breaks and terminal escapes on one plain line', async () => {
    const { test, id, lines } = await logged()
    await using _ = test
    await test.client.calls.actions.speak(id, { payload: 'One\n two\u001b[31m red\u009b2J', voice: 'female' })
    expect(lines.find((line) => line.includes('♪ hears'))).toMatch(/“One two \[31m red 2J”$/)
  })

  it('the log cuts a long text message and gives its length', async () => {
    const { test, lines } = await logged()
    await using _ = test
    await test.client.messages.send({ from: '+15550002222', to: '+15550001111', text: 'x'.repeat(100_000) })
    const line = lines.find((one) => one.includes('✉ message')) ?? ''
    expect(line).toMatch(/x… \(100000 characters\)”$/)
    expect(line.length).toBeLessThan(1000)
  })

  it('the log names the commands of a conference as such', async () => {
    const { test, id, lines } = await logged()
    await using _ = test
    const { data } = await test.client.conferences.create({ call_control_id: id, name: 'room' })
    await test.client.conferences.actions.speak(data?.id ?? '', { payload: 'Welcome', voice: 'female' })
    expect(lines.find((line) => line.includes('speak 200'))).toMatch(/→ command ········ {2}conference speak 200$/)
  })
})
