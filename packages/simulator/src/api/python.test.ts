/** Sends the gather and AI commands with Python's `requests`. */
import { python, sendEightCommands } from '@callgather/test-kit/python'
import { expect, it } from 'vitest'
import type { Activity } from '../call/activity.ts'
import { createSimulator } from '../index.ts'

it.runIf(python)(
  'the eight gather and AI commands of a Python program reach their paths with their bodies',
  async () => {
    await using sim = await createSimulator()
    const caller = await sim.phone.dial()
    const answered = caller.waitFor('call.answered')
    const headers = { authorization: 'Bearer KEY' }
    await fetch(`${sim.url}/calls/${caller.id}/actions/answer`, { method: 'POST', headers, body: '{}' })
    await answered
    const commands: Activity[] = []
    sim.watch((activity) => commands.push(activity), ['command'])
    const sent = await sendEightCommands(sim.url, 'KEY', caller.id)
    expect(sent.map(({ name, status, answer }) => [name, status, answer.data?.result])).toEqual(
      sent.map(({ name }) => [name, 200, 'ok']),
    )
    expect(sent).toHaveLength(8)
    expect(commands).toMatchObject(
      sent.map(({ name, body }) => ({ command: name, body, call_id: caller.id, status: 200, errors: null })),
    )
  },
)
