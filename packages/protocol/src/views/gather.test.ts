import { describe, expect, it } from 'vitest'
import { foldCall } from '../reduce/reduce-call.ts'
import { ScenarioWriter } from '../scenarios/index.ts'
import { selectConversation } from './conversation.ts'
import { type DigitGather, selectGather } from './gather.ts'
import { selectStrayKeys } from './stray-keys.ts'
import { selectCallSummary } from './summary.ts'

const account = { minimum_digits: 6, maximum_digits: 12, payload: 'Your account number, please.', maximum_tries: 3 }

const started = () => new ScenarioWriter('Gather view').answered().command('account', 'gather_using_speak', account)

function stateOf(writer: ScenarioWriter) {
  const { callId, steps } = writer.end()
  return foldCall(
    callId,
    steps.map(({ event }) => event),
  )
}

function gatherOf(writer: ScenarioWriter): DigitGather {
  const gather = selectGather(stateOf(writer))
  if (gather?.kind !== 'digits') throw new Error('The scenario has no gather of digits.')
  return gather
}

const ending = (status: string, digits: string) => ({ payload: { status, digits } })

describe('the view of a digit gather', () => {
  it('marks a finished entry that has too few digits as too short, and keeps its keys', () => {
    const gather = gatherOf(started().press('12*#', { gather: 'account' }))
    expect(gather).toMatchObject({ status: 'collecting', rejected: 'too_short', digits: '12*', runningTimeout: null })
    expect(gather.keys.map((key) => key.digit).join('')).toBe('12*#')
  })

  it('marks a finished entry with a key that the gather does not accept as a wrong key', () => {
    const writer = new ScenarioWriter('Menu')
      .answered()
      .command('menu', 'gather', { maximum_digits: 1, valid_digits: '12' })
    expect(gatherOf(writer.press('9', { gather: 'menu' })).rejected).toBe('wrong_key')
  })

  it('marks an entry as rejected when Telnyx plays the prompt again after its keys', () => {
    const writer = started()
      .event('call.playback.started', { command_id: 'account' })
      .press('12', { gather: 'account' })
      .wait(5200)
      .event('call.playback.started', { command_id: 'account' })
    expect(gatherOf(writer)).toMatchObject({ rejected: 'too_short', attempt: 2, digits: '12' })
  })

  it('clears the rejection at the next key', () => {
    const gather = gatherOf(started().press('12*#7', { gather: 'account' }))
    expect(gather).toMatchObject({ rejected: null, digits: '7', attempt: 2 })
  })

  it('keeps the keys of the last entry and their rejection when the gather times out without digits', () => {
    const writer = started().press('12*#', { gather: 'account' }).wait(9000)
    const gather = gatherOf(writer.event('call.gather.ended', { command_id: 'account', ...ending('timeout', '') }))
    expect(gather).toMatchObject({ status: 'ended', outcome: 'timeout', digits: '', rejected: 'too_short' })
    expect(gather.keys.map((key) => key.digit).join('')).toBe('12*#')
  })

  it('claims no attempt until a prompt or a finished entry shows it', () => {
    expect(gatherOf(started().press('12', { gather: 'account' })).attempt).toBeNull()
    expect(gatherOf(started().event('call.playback.started', { command_id: 'account' })).attempt).toBe(1)
    expect(gatherOf(started().press('12#3', { gather: 'account' })).attempt).toBe(2)
  })

  it('claims no rules and no attempt for a gather of another client', () => {
    const state = stateOf(
      new ScenarioWriter('Other').answered().press('1234').event('call.gather.ended', ending('invalid', '1234')),
    )
    expect(selectGather(state)).toMatchObject({
      command: null,
      rules: null,
      attempt: null,
      rejected: null,
      digits: '1234',
    })
    expect(selectCallSummary(state).activity).not.toHaveProperty('min')
    expect(selectCallSummary(state).activity).not.toHaveProperty('attempt')
  })
})

describe('stray keys', () => {
  const digitsOf = (writer: ScenarioWriter) =>
    selectStrayKeys(stateOf(writer))
      .map((key) => key.digit)
      .join('')

  it('the keys that a gather of another client reported are not stray, with or without its terminating key', () => {
    const other = () => new ScenarioWriter('Other').answered().press('9', { intervalMs: 100 }).wait(60_000)
    expect(digitsOf(other().press('1234').event('call.gather.ended', ending('valid', '1234')))).toBe('9')
    expect(digitsOf(other().press('1234#').event('call.gather.ended', ending('valid', '1234')))).toBe('9')
    expect(digitsOf(other().press('1234').event('call.gather.ended', ending('valid', '77')))).toBe('91234')
  })

  it('a key that came before Telnyx accepted the gather is not stray if the reported digits contain it', () => {
    const early = () =>
      new ScenarioWriter('Early')
        .answered()
        .event('command.requested', { command_id: 'pin', payload: { command: 'gather', body: {} } })
        .press('5', { intervalMs: 20 })
        .wait(80)
        .event('command.accepted', { command_id: 'pin', payload: {} })
        .press('503', { gather: 'pin' })
    expect(digitsOf(early())).toBe('5')
    const ended = early().event('call.gather.ended', { command_id: 'pin', ...ending('valid', '5503') })
    expect(digitsOf(ended)).toBe('')
    expect(
      gatherOf(ended)
        .keys.map((key) => key.digit)
        .join(''),
    ).toBe('5503')
    expect(digitsOf(early().event('call.gather.ended', { command_id: 'pin', ...ending('valid', '503') }))).toBe('5')
  })
})

describe('a refused request', () => {
  const refuse = (writer: ScenarioWriter, command_id: string, command = 'gather') =>
    writer
      .event('command.requested', { command_id, payload: { command, body: {} } })
      .event('command.refused', { command_id, payload: { status: 422, code: '90061', title: 'Already running' } })
  const running = () => refuse(started().press('12', { gather: 'account' }), 'second')

  it('leaves the running gather the latest, with its keys', () => {
    expect(gatherOf(running().press('3', { gather: 'account' }))).toMatchObject({ id: 'account', digits: '123' })
  })

  it('leaves the gather the latest that has ended since', () => {
    const ended = running()
      .wait(1)
      .event('call.gather.ended', { command_id: 'account', ...ending('valid', '123456') })
    expect(gatherOf(ended)).toMatchObject({ id: 'account', outcome: 'valid', digits: '123456' })
  })

  it('is the latest when no other gather runs', () => {
    const over = started().event('call.gather.ended', { command_id: 'account', ...ending('valid', '123456') })
    expect(gatherOf(refuse(over.wait(1), 'second'))).toMatchObject({ id: 'second', status: 'refused' })
  })

  it('does not hide that an accepted request has replaced an earlier one', () => {
    const state = stateOf(refuse(started().command('next', 'gather', {}), 'third'))
    expect(selectGather(state)?.id).toBe('next')
    expect(selectGather(state, 'account')).toMatchObject({ status: 'ended', outcome: 'cancelled' })
  })

  it('does not bring back a replaced gather whose end was lost', () => {
    const ended = started()
      .command('next', 'gather', {})
      .event('call.gather.ended', { command_id: 'next', ...ending('valid', '1') })
    expect(selectGather(stateOf(refuse(ended.wait(1), 'third')))).toMatchObject({ id: 'third', status: 'refused' })
  })

  it('leaves the running assistant the latest conversation', () => {
    const talking = new ScenarioWriter('Two assistants').answered().command('first', 'ai_assistant_start', {})
    const state = stateOf(refuse(talking, 'second', 'ai_assistant_start'))
    expect(selectConversation(state)).toMatchObject({ id: 'first', status: 'collecting' })
  })
})
