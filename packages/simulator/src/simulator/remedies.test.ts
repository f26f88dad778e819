import { describe, expect, it } from 'vitest'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'
import { createLog } from './log.ts'

/** Sends a command that fails, and returns its line in the log. */
async function lineOf(test: TestSimulator, id: string, command: string, body: object, key = 'Bearer K') {
  const lines: string[] = []
  const stop = test.sim.watch(
    createLog((line) => lines.push(line), { colours: false, hideDigits: false }),
    ['command'],
  )
  await test.sim.fetch(`${test.sim.url}/calls/${id}/actions/${command}`, {
    method: 'POST',
    headers: { authorization: key },
    body: JSON.stringify(body),
  })
  stop()
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

describe('the log line of a rejected command', () => {
  it('the log says to wait for call.answered when a command comes before the answer', async () => {
    await using test = await testSimulator()
    const { id } = await test.sim.phone.dial()
    expect(await lineOf(test, id, 'gather', {})).toMatch(/90034 .* Wait for `call\.answered` before this command\.$/)
  })

  it('the log says to set TELNYX_API_KEY when a request has no key', async () => {
    await using test = await testSimulator()
    const { id } = await test.answeredCall()
    expect(await lineOf(test, id, 'gather', {}, '')).toMatch(/10009 .* Set TELNYX_API_KEY in the environment/)
  })

  it('the log says to stop the first assistant when a second one starts', async () => {
    await using test = await testSimulator()
    const { id } = await test.answeredCall()
    await lineOf(test, id, 'ai_assistant_start', {})
    expect(await lineOf(test, id, 'ai_assistant_start', {})).toMatch(/90061 .* Send ai_assistant_stop first/)
  })

  it('the log says to send an object when a field holds JSON as a string', async () => {
    await using test = await testSimulator()
    const { id } = await test.answeredCall()
    const body = { parameters: '{"type":"object"}' }
    expect(await lineOf(test, id, 'gather_using_ai', body)).toContain('Send parameters as JSON, not as a string')
  })

  it('the log adds nothing to an error that says what to do', async () => {
    await using test = await testSimulator()
    const { id } = await test.answeredCall()
    expect(await lineOf(test, id, 'gather', { maximum_digits: 0 })).toMatch(/90023 [^.]*\.$/)
  })
})
