import { describe, expect, it } from 'vitest'
import { foldCall } from '../reduce/reduce-call.ts'
import { bookingParameters, type Scenario, ScenarioWriter, scenarioTime } from '../scenarios/index.ts'
import { selectCallSummary } from './summary.ts'

const summaryOf = ({ callId, steps }: Scenario) =>
  selectCallSummary(
    foldCall(
      callId,
      steps.map(({ event }) => event),
    ),
  )

const pin = { payload: 'Your PIN, please.', voice: 'female', minimum_digits: 4, maximum_digits: 6, maximum_tries: 3 }
const prompted = (mask?: 'digits' | 'all') =>
  new ScenarioWriter('PIN')
    .answered({ callerName: '  Sample Caller ' })
    .command('pin', 'gather_using_speak', pin, mask ? { mask } : {})
    .event('call.speak.started', { command_id: 'pin', payload: {} })
    .wait(1000)
    .event('call.speak.ended', { command_id: 'pin', payload: {} })

describe('selectCallSummary', () => {
  it('selectCallSummary reports the label, keys, limits, attempt and running timeout of a digit gather', () => {
    const summary = summaryOf(prompted().press('40', { gather: 'pin', intervalMs: 500 }).end())
    expect(summary).toMatchObject({ callerName: 'Sample Caller', phase: 'answered' })
    const at = scenarioTime(4620)
    expect(summary.activity).toEqual({
      kind: 'digits',
      status: 'collecting',
      outcome: null,
      label: 'Your PIN, please.',
      count: 2,
      min: 4,
      max: 6,
      digits: '40',
      attempt: { number: 1, of: 3 },
      at,
      timeout: { for: 'next_digit', since: at, durationMs: 5000 },
    })
  })

  it('selectCallSummary reports only the number of masked digits', () => {
    const summary = summaryOf(prompted('digits').press('•••', { gather: 'pin' }).end())
    expect(summary.activity).toMatchObject({ count: 3, digits: '•••', mask: 'digits' })
  })

  it('selectCallSummary leaves out the attempt when Telnyx reports no prompt, or allows one attempt', () => {
    const quiet = new ScenarioWriter('Quiet').answered().command('pin', 'gather_using_speak', pin).end()
    expect(summaryOf(quiet).activity).not.toHaveProperty('attempt')
    const plain = new ScenarioWriter('Plain').answered().command('pin', 'gather', {}).end()
    expect(summaryOf(plain).activity).not.toHaveProperty('attempt')
  })

  it('selectCallSummary counts a repeated prompt as the next attempt', () => {
    const again = prompted().wait(5000).event('call.speak.started', { command_id: 'pin', payload: {} }).end()
    expect(summaryOf(again).activity).toMatchObject({ attempt: { number: 2, of: 3 } })
  })

  it('selectCallSummary reports the known fields of an AI gather as short texts', () => {
    const long = 'x'.repeat(500)
    const summary = summaryOf(
      new ScenarioWriter('Booking')
        .answered()
        .command('booking', 'gather_using_ai', { parameters: bookingParameters })
        .event('call.ai_gather.partial_results', {
          command_id: 'booking',
          payload: { partial_results: { patient_name: 'Ada Lovelace', preferred_day: long } },
        })
        .end(),
    )
    expect(summary.activity).toMatchObject({
      ...{ kind: 'fields', done: 2, of: 3 },
      fields: [
        { label: 'Patient name', value: 'Ada Lovelace' },
        { label: 'Preferred day', value: `${'x'.repeat(59)}…` },
      ],
    })
  })

  it('selectCallSummary leaves out an SSML prompt and shortens a long prompt by whole characters', () => {
    const promptOf = (payload: string, type: string) => {
      const body = { payload, payload_type: type, voice: 'female' }
      const summary = summaryOf(new ScenarioWriter('Long').answered().command('a', 'gather_using_speak', body).end())
      return summary.activity?.kind === 'digits' ? summary.activity.label : null
    }
    expect(promptOf('<speak>Hello</speak>', 'ssml')).toBeUndefined()
    expect(promptOf('😀'.repeat(100), 'text')).toBe(`${'😀'.repeat(79)}…`)
  })

  it('selectCallSummary reports the label of a gather instead of its prompt', () => {
    const labelled = (command: string, body: Record<string, unknown>) =>
      summaryOf(new ScenarioWriter('Labelled').answered().command('a', command, body, { label: 'Account' }).end())
    expect(labelled('gather_using_speak', pin).activity).toMatchObject({ label: 'Account' })
    expect(labelled('gather_using_ai', { parameters: bookingParameters }).activity).toMatchObject({ label: 'Account' })
  })

  it('selectCallSummary reports a refused command until another command is sent', () => {
    const refused = prompted()
      .event('command.requested', { command_id: 'stop', payload: { command: 'gather_stop', body: {} } })
      .event('command.refused', { command_id: 'stop', payload: { status: 422, code: '90034', title: 'Not answered' } })
    expect(summaryOf(refused.end()).rejected).toEqual({ command: 'gather_stop', code: '90034', title: 'Not answered' })
    expect(summaryOf(refused.wait(1).command('again', 'gather_stop', {}).end())).not.toHaveProperty('rejected')
  })
})
