/** Tests conferences with the official SDK. */
import type { ActionJoinParams, ActionLeaveParams, ActionSpeakParams } from 'telnyx/resources/conferences/actions'
import type { ConferenceCreateParams } from 'telnyx/resources/conferences/conferences'
import type { ConferenceEnded, ConferenceSpeakStarted } from 'telnyx/resources/webhooks'
import { expect, expectTypeOf, it } from 'vitest'
import type { Caller } from '../index.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'
import type { conferenceSchemas } from './conference-schemas.ts'

const conferenceStory = ({ emitted }: TestSimulator) =>
  emitted.map(({ event_type }) => event_type).filter((type) => type.startsWith('conference.'))

const codeOf = (request: Promise<unknown>) =>
  request.then(
    () => 'no error',
    ({ error }) => error.errors[0].code,
  )

async function conferenceOf(test: TestSimulator, params: Partial<ConferenceCreateParams> = {}) {
  const [host, guest] = [await test.answeredCall(), await test.answeredCall()]
  const { data } = await test.client.conferences.create({ call_control_id: host.id, name: 'daily', ...params })
  return { host, guest, id: data?.id ?? '' }
}

it('the schemas of conferences declare every parameter of the official Telnyx SDK', () => {
  type Unlisted<Name extends keyof typeof conferenceSchemas, Params> = Exclude<
    keyof Params,
    keyof (typeof conferenceSchemas)[Name]['properties']
  >
  expectTypeOf<Unlisted<'create', ConferenceCreateParams>>().toEqualTypeOf<never>()
  expectTypeOf<Unlisted<'join', ActionJoinParams>>().toEqualTypeOf<never>()
  expectTypeOf<Unlisted<'leave', ActionLeaveParams>>().toEqualTypeOf<never>()
  expectTypeOf<Unlisted<'speak', ActionSpeakParams>>().toEqualTypeOf<never>()
})

it('a conference reports who joins and leaves, and ends when all have left', async () => {
  await using test = await testSimulator()
  const { conferences } = test.client
  const { host, guest, id } = await conferenceOf(test, { client_state: 'aG9zdA==' })
  await conferences.actions.join(id, { call_control_id: guest.id, client_state: 'Z3Vlc3Q=', mute: true })
  expect((await conferences.listParticipants(id)).data).toMatchObject([
    { call_control_id: host.id, muted: false, status: 'joined', conference: { id, name: 'daily' } },
    { call_control_id: guest.id, muted: true, end_conference_on_exit: false },
  ])
  await conferences.actions.leave(id, { call_control_id: guest.id })
  await host.hangUp()
  expect(conferenceStory(test)).toEqual([
    'conference.created',
    'conference.participant.joined',
    'conference.participant.joined',
    'conference.participant.left',
    'conference.participant.left',
    'conference.ended',
  ])
  const ofConference = test.emitted.filter(({ event_type }) => event_type.startsWith('conference.'))
  expect(ofConference.map(({ payload }) => payload.client_state)).toEqual([
    'aG9zdA==',
    'aG9zdA==',
    'Z3Vlc3Q=',
    'Z3Vlc3Q=',
    'aG9zdA==',
    'aG9zdA==',
  ])
  expect(ofConference.at(-1)?.payload as ConferenceEnded.Payload).toMatchObject({
    conference_id: id,
    reason: 'all_left',
  })
  expect(guest.view.state).toBe('answered')
  expect((await conferences.retrieve(id)).data).toMatchObject({ status: 'completed', end_reason: 'all_left' })
  expect((await conferences.list({ filter: { status: 'in_progress' } })).data).toEqual([])
})

it('all participants hear the speech of a conference, except those on hold', async () => {
  await using test = await testSimulator()
  const { actions } = test.client.conferences
  const { host, guest, id } = await conferenceOf(test)
  const held = await test.answeredCall()
  await actions.join(id, { call_control_id: guest.id })
  await actions.join(id, { call_control_id: held.id, hold: true })
  await actions.speak(id, { payload: 'Welcome to the call', voice: 'female' })
  const isSpeaking = ({ view }: Caller) => view.speaking?.text === 'Welcome to the call'
  expect([host, guest, held].map(isSpeaking)).toEqual([true, true, false])
  const before = test.emitted.length
  await test.clock.advance(2000)
  expect(test.emitted.slice(before).map(({ event_type }) => event_type)).toEqual(['conference.speak.ended'])
  const started = test.emitted.find(({ event_type }) => event_type === 'conference.speak.started')
  const { connection_id, call_session_id } = host.view
  const { occurred_at, ...fields } = (started?.payload ?? {}) as ConferenceSpeakStarted.Payload
  expect(fields).toEqual({ conference_id: id, connection_id, creator_call_session_id: call_session_id })
  await actions.speak(id, { payload: 'Only you', voice: 'female', call_control_ids: [guest.id] })
  expect(test.emitted.at(-1)).toMatchObject({
    event_type: 'conference.participant.speak.started',
    payload: { call_control_id: guest.id },
  })
})

it('a host that leaves ends the conference, and hangs up the other calls with end_conference_on_exit', async () => {
  await using test = await testSimulator()
  for (const [option, state] of [
    ['end_conference_on_exit', 'ended'],
    ['soft_end_conference_on_exit', 'answered'],
  ] as const) {
    const { host, guest, id } = await conferenceOf(test)
    await test.client.conferences.actions.join(id, { call_control_id: guest.id, [option]: true })
    await guest.hangUp()
    expect(host.view.state).toBe(state)
    expect((await test.client.conferences.retrieve(id)).data).toMatchObject({
      end_reason: 'host_left',
      ended_by: { call_control_id: guest.id },
    })
  }
})

it('a conference beeps when someone joins, starts with its host, and ends after duration_minutes', async () => {
  await using test = await testSimulator()
  const { host, guest, id } = await conferenceOf(test, {
    start_conference_on_create: false,
    beep_enabled: 'on_enter',
    duration_minutes: 1,
  })
  expect((await test.client.conferences.listParticipants(id)).data).toMatchObject([{ on_hold: true }])
  await test.client.conferences.actions.join(id, { call_control_id: guest.id, start_conference_on_enter: true })
  expect((await test.client.conferences.retrieve(id)).data?.status).toBe('in_progress')
  expect(host.view.transcript.map(({ text }) => text)).toEqual(['beep', 'beep'])
  await test.clock.advance(60_000)
  expect((await test.client.conferences.retrieve(id)).data?.end_reason).toBe('time_exceeded')
  expect([host.view.state, guest.view.state]).toEqual(['ended', 'ended'])
})

it('refuses what a conference cannot do with the codes of Telnyx', async () => {
  await using test = await testSimulator()
  const { actions } = test.client.conferences
  const { host, guest, id } = await conferenceOf(test, { max_participants: 2 })
  const third = await test.answeredCall()
  const ringing = await test.sim.phone.dial()
  const speech = { payload: 'Hello', voice: 'female' }
  expect(await codeOf(actions.join(id, { call_control_id: host.id }))).toBe('90044')
  await actions.join(id, { call_control_id: guest.id })
  expect(await codeOf(actions.join(id, { call_control_id: third.id }))).toBe('90032')
  expect(await codeOf(actions.join(id, { call_control_id: ringing.id }))).toBe('90034')
  expect(await codeOf(actions.leave(id, { call_control_id: third.id }))).toBe('90015')
  expect(await codeOf(actions.speak('unknown', speech))).toBe('90058')
  await host.hangUp()
  await guest.hangUp()
  expect(await codeOf(actions.speak(id, speech))).toBe('90019')
})
