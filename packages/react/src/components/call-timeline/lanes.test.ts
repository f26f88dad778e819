import { foldCall } from '@callgather/protocol'
import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { expect, test } from 'vitest'
import { conversationsOf, entriesOf, gathersOf } from '../../hooks/arrays.ts'
import type { UseCallTimelineResult } from '../../hooks/use-call-timeline.ts'
import { spansOf } from './lanes.ts'

function spansIn(writer: ScenarioWriter) {
  const { callId, steps } = writer.end()
  const state = foldCall(
    callId,
    steps.map(({ event }) => event),
  )
  const timeline = {
    startedAt: state.initiated?.at ?? null,
    endedAt: null,
    entries: entriesOf(state.timeline),
    gathers: gathersOf(state.gathers),
    conversations: conversationsOf(state.conversations),
  } as Partial<UseCallTimelineResult> as UseCallTimelineResult
  return spansOf(timeline, Date.parse(steps.at(-1)?.event.occurred_at ?? '') + 1000)
}

test('the timeline lists a long answer of an assistant after its start and after the question of the caller', () => {
  const answer = 'We are open from nine to five, and on Saturdays until noon, but never on Sundays. '.repeat(4)
  const spans = spansIn(
    new ScenarioWriter('Answers')
      .answered()
      .command('bot', 'ai_assistant_start', {})
      .wait(1000)
      .say('bot', 'user', 'When are you open?')
      .wait(1500)
      .say('bot', 'assistant', answer),
  )
  expect(spans.map((span) => span.lane)).toEqual(['commands', 'caller', 'assistant'])
  const [started, question, reply] = spans
  expect(question?.from).toBeGreaterThanOrEqual(started?.from ?? Number.NaN)
  expect(reply?.from).toBeGreaterThanOrEqual(question?.to ?? Number.NaN)
})

test('the timeline lists a gather where it started, and its outcome where it ended', () => {
  const writer = new ScenarioWriter('Gather').answered().command('pin', 'gather', {})
  const gathers = (of: ScenarioWriter) => spansIn(of).map(({ text }) => text)
  expect(gathers(writer)).toEqual(['collecting'])
  writer.press('1', { gather: 'pin' }).event('call.gather.ended', {
    command_id: 'pin',
    payload: { status: 'valid', digits: '1' },
  })
  expect(gathers(writer)).toEqual(['asked', '1', 'valid'])
})
