import { type GatherError as GatherErrorType, gatherError } from '@callgather/protocol'
import { assistantWhisper, pinEntry } from '@callgather/protocol/scenarios'
import { describe, expect, it } from 'vitest'
import { type CommandAnswer, createScenarioClient } from '../testing/index.ts'
import { type CommandFact, commandRun, type GivenCommand } from './command-run.ts'
import { playTo, renderProvided, settled } from './provided.tsx'
import { useCallGather } from './use-call-gather.ts'
import { useCommand } from './use-command.ts'

const { callId } = pinEntry

describe('where a command stands', () => {
  const refusal = { code: '90018', title: 'Call has already ended', status: 422 }
  const refused: GatherErrorType = gatherError('callEnded', 'Over.')
  const answers: GivenCommand['answer'][] = ['none', 'accepted', 'unknown', refused]
  const facts: CommandFact[] = [null, 'accepted', 'confirmed', 'unknown', refusal]
  const given = { name: 'gather', body: {}, requestId: 'r', commandId: 'r', targetId: null } as const

  // By answer over HTTP (down) and by the call's log (across): nothing, accepted, confirmed, unknown, refused.
  const table = [
    ['sending', 'accepted', 'confirmed', 'unknown', 'refused'],
    ['accepted', 'accepted', 'confirmed', 'accepted', 'refused'],
    ['unknown', 'accepted', 'confirmed', 'unknown', 'refused'],
    ['refused', 'refused', 'confirmed', 'refused', 'refused'],
  ]

  it('is told by the answer and the log together, and the log outranks the answer', () => {
    const found = answers.map((answer) => facts.map((fact) => commandRun({ ...given, answer }, fact).status))
    expect(found).toEqual(table)
    expect(commandRun(null, null).status).toBe('idle')
  })
})

describe('useCommand', () => {
  const answering = (...answers: CommandAnswer[]) =>
    createScenarioClient(pinEntry, { respond: () => answers.shift() ?? 'accept' })

  it('goes from idle to confirmed by the call’s own log', async () => {
    const client = answering()
    const { result } = renderProvided(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    expect(result.current).toMatchObject({ status: 'idle', requestId: null })
    await settled(async () => expect(await result.current.run({ maximum_digits: 4 })).toBe('accepted'))
    await playTo(client, 2_410)
    expect(result.current).toMatchObject({ status: 'confirmed', name: 'gather', refusal: null })
    expect(client.commands).toMatchObject([{ name: 'gather', body: { maximum_digits: 4 } }])
    await settled(() => result.current.reset())
    expect(result.current.status).toBe('idle')
  })

  it('is sending while nobody has answered', async () => {
    const client = answering('pending')
    const { result } = renderProvided(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await settled(() => void result.current.run({}))
    expect(result.current.status).toBe('sending')
  })

  it('is refused in Telnyx’s words, and retried under a new id', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const { result } = renderProvided(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await settled(async () => expect(await result.current.run({})).toBe('refused'))
    expect(result.current).toMatchObject({ status: 'refused', refusal: { code: '90034', status: 422 } })
    await settled(async () => expect(await result.current.retry()).toBe('accepted'))
    expect(result.current.status).toBe('confirmed')
    const [first, second] = client.commands
    expect(first?.requestId).not.toBe(second?.requestId)
  })

  it('is refused by what Telnyx would refuse, before anything is sent on', async () => {
    const client = answering()
    const { result } = renderProvided(client, () => useCommand(callId, 'gather_using_speak'))
    await settled(() => result.current.run({ payload: 'Hello', voice: 'female', maximum_digits: 0 }))
    expect(result.current).toMatchObject({ status: 'refused', refusal: { code: '90023' } })
    expect(client.commands).toHaveLength(0)
  })

  it('is unknown when no answer comes, and retried under the same id', async () => {
    const client = answering('offline', 'unknown', 'accept')
    const { result } = renderProvided(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await settled(async () => expect(await result.current.run({})).toBe('unknown'))
    expect(result.current.status).toBe('unknown')
    await settled(() => result.current.retry())
    expect(result.current.status).toBe('unknown')
    await settled(() => result.current.retry())
    expect(result.current.status).toBe('confirmed')
    expect(new Set(client.commands.map((command) => command.requestId)).size).toBe(1)
  })

  it('is known again once the call’s log tells what became of it', async () => {
    const client = answering('unknown')
    const { result } = renderProvided(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await settled(() => result.current.run({}))
    const command_id = result.current.requestId
    if (!command_id) throw new Error('Nothing was sent.')
    await settled(() => client.emit(callId, 'command.accepted', { command_id }))
    expect(result.current.status).toBe('confirmed')
  })

  it('confirms a stop only when that which it was to stop has ended', async () => {
    const client = createScenarioClient(assistantWhisper)
    const { result } = renderProvided(client, () => useCommand(assistantWhisper.callId, 'ai_assistant_stop'))
    await playTo(client, 4_000)
    await settled(() => result.current.run({}))
    expect(result.current.status).toBe('confirmed')
  })

  it('never writes the call: what is on the screen comes from events', async () => {
    const client = answering('pending')
    const { result } = renderProvided(client, () => useCallGather(callId))
    await playTo(client, 2_000)
    client.faults.setUnreachable(true)
    await settled(() => void result.current.start('gather', { maximum_digits: 4 }))
    expect(result.current.status).toBe('idle')
    expect(result.current.starting.status).toBe('sending')
  })
})
