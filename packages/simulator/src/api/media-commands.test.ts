/** Tests recordings, transcription and streams with the official SDK. */

import type { CallRecordingSaved, CallStreamingFailed, CallStreamingStarted } from 'telnyx/resources/webhooks'
import { describe, expect, it } from 'vitest'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'

const dual = { channels: 'dual', format: 'mp3' } as const

/** Returns the payloads of the emitted events of one type. */
const payloadsOf = <Payload>({ emitted }: TestSimulator, type: string) =>
  emitted.filter(({ event_type }) => event_type === type).map(({ payload }) => payload as Payload)

const savedBy = (test: TestSimulator) =>
  payloadsOf<CallRecordingSaved.Payload & { recording_id: string }>(test, 'call.recording.saved')

const codeOf = (request: Promise<unknown>) =>
  request.then(
    () => 'no error',
    ({ error }) => error.errors[0].code,
  )

describe('recordings', () => {
  it('record_stop saves a recording that can be listed, downloaded without a key, and deleted', async () => {
    await using test = await testSimulator()
    const { client, clock } = test
    const caller = await test.answeredCall()
    await client.calls.actions.startRecording(caller.id, { ...dual, client_state: 'cmVj' })
    await clock.advance(5000)
    await client.calls.actions.stopRecording(caller.id, {})
    expect(savedBy(test)).toEqual([])
    await clock.advance(1000)

    const [saved] = savedBy(test)
    expect(saved).toMatchObject({ channels: 'dual', format: 'mp3', client_state: 'cmVj' })
    const length = Date.parse(saved?.recording_ended_at ?? '') - Date.parse(saved?.recording_started_at ?? '')
    expect(length).toBe(5000)
    const url = saved?.recording_urls?.mp3 ?? ''
    expect(url.startsWith(new URL(test.sim.url).origin)).toBe(true)
    const wave = Buffer.from(await (await fetch(url)).arrayBuffer())
    expect(wave.toString('latin1', 0, 4) + wave.toString('latin1', 8, 12)).toBe('RIFFWAVE')
    expect(wave.readUInt16LE(22)).toBe(2)

    const { data: listed } = await client.recordings.list({ filter: { call_leg_id: caller.view.call_leg_id } })
    expect(listed).toMatchObject([
      {
        id: saved?.recording_id,
        duration_millis: 5000,
        status: 'completed',
        download_urls: { mp3: url },
        source: 'call',
      },
    ])
    expect((await client.recordings.list({ filter: { call_leg_id: 'another' } })).data).toEqual([])
    const { data } = await client.recordings.retrieve(saved?.recording_id ?? '')
    expect(data?.initiated_by).toBe('StartCallRecordingAPI')
    await client.recordings.delete(saved?.recording_id ?? '')
    await expect(client.recordings.retrieve(saved?.recording_id ?? '')).rejects.toMatchObject({ status: 404 })
    expect((await fetch(url)).status).toBe(404)
  })

  it('a hangup saves the recording after call.hangup, also when record_stop came just before', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.startRecording(caller.id, { ...dual, format: 'wav', channels: 'single' })
    await caller.hangUp()
    const other = await test.answeredCall()
    await test.client.calls.actions.startRecording(other.id, dual)
    await test.client.calls.actions.stopRecording(other.id, {})
    await other.hangUp()
    await test.clock.advance(1000)
    expect(savedBy(test).map(({ recording_urls }) => Object.keys(recording_urls ?? {}))).toEqual([['wav'], ['mp3']])
    expect(caller.history.map(({ event_type }) => event_type).slice(-2)).toEqual([
      'call.hangup',
      'call.recording.saved',
    ])
  })

  it('leaves pauses out of the length of a recording, and stops it at max_length', async () => {
    await using test = await testSimulator()
    const { client, clock } = test
    const { actions } = client.calls
    const caller = await test.answeredCall()
    await actions.startRecording(caller.id, { ...dual, max_length: 10 })
    await clock.advance(4000)
    await actions.pauseRecording(caller.id, {})
    await clock.advance(20_000)
    await actions.resumeRecording(caller.id, {})
    await clock.advance(6000)
    await clock.advance(1000)
    expect((await client.recordings.list()).data).toMatchObject([{ duration_millis: 10_000 }])
  })

  it('stops a recording timeout_secs after the caller last spoke, and sends its transcription when asked', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.startRecording(caller.id, { ...dual, timeout_secs: 3, transcription: true })
    await test.clock.advance(60_000)
    expect(savedBy(test)).toEqual([])
    await caller.say('My name is Ann')
    await test.clock.advance(2000)
    await caller.say('Goodbye')
    await test.clock.advance(3000 + 1000 + 1000)
    const [saved] = savedBy(test)
    expect(payloadsOf(test, 'call.recording.transcription.saved')).toMatchObject([
      { recording_id: saved?.recording_id, transcription_text: 'My name is Ann Goodbye', status: 'completed' },
    ])
  })

  it('records a dialled call from its answer with record, and beeps on the phone with play_beep', async () => {
    await using test = await testSimulator()
    const { data } = await test.client.calls.dial({
      to: '+15550123',
      from: '+15550199',
      connection_id: '1',
      record: 'record-from-answer',
      record_track: 'inbound',
    })
    await test.clock.advance(2000)
    await test.client.calls.actions.startRecording(data?.call_control_id ?? '', { ...dual, play_beep: true })
    const [call] = test.sim.calls()
    expect(call?.transcript.map(({ text }) => text)).toEqual(['beep'])
    await test.client.calls.actions.hangup(data?.call_control_id ?? '', {})
    await test.clock.advance(1000)
    expect((await test.client.recordings.list()).data).toMatchObject([
      { channels: 'dual', initiated_by: 'StartCallRecordingAPI' },
      { channels: 'single', initiated_by: 'OutboundAPI', download_urls: { mp3: expect.any(String) } },
    ])
  })

  it('refuses a recording before the answer with 90020, and an unknown recording_id with 10006', async () => {
    await using test = await testSimulator()
    const ringing = await test.sim.phone.dial()
    const { actions } = test.client.calls
    expect(await codeOf(actions.startRecording(ringing.id, dual))).toBe('90020')
    const caller = await test.answeredCall()
    expect(await codeOf(actions.stopRecording(caller.id, { recording_id: 'none' }))).toBe('10006')
    expect(await codeOf(test.client.post(`/calls/${caller.id}/actions/record_start`, { body: {} }))).toBe('10004')
  })
})

describe('transcription', () => {
  const transcripts = (test: TestSimulator) =>
    payloadsOf<{ transcription_data: Record<string, unknown> }>(test, 'call.transcription').map(
      ({ transcription_data: { transcription_track: track, transcript, is_final } }) =>
        `${String(track)}: ${String(transcript)}${is_final === true ? '.' : '…'}`,
    )

  it('transcribes the caller by default, and both sides with interim results when asked', async () => {
    await using test = await testSimulator()
    const { actions } = test.client.calls
    const caller = await test.answeredCall()
    const talk = async () => {
      await caller.say('I need help')
      await actions.speak(caller.id, { payload: 'Of course', voice: 'female' })
      await test.clock.advance(5000)
    }
    await actions.startTranscription(caller.id, {})
    await talk()
    await actions.stopTranscription(caller.id, {})
    await talk()
    expect(transcripts(test)).toEqual(['inbound: I need help.'])
    await actions.startTranscription(caller.id, {
      transcription_tracks: 'both',
      transcription_engine_config: { transcription_engine: 'Google', interim_results: true },
    })
    await talk()
    expect(transcripts(test).slice(1)).toEqual([
      'inbound: I need…',
      'inbound: I need help.',
      'outbound: Of…',
      'outbound: Of course.',
    ])
  })

  it('transcribes the bridged leg as outbound', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const nextCall = test.sim.phone.nextCall()
    await test.client.calls.actions.transfer(caller.id, { to: '+15550123' })
    const agent = await nextCall
    await agent.answer()
    await test.client.calls.actions.startTranscription(caller.id, { transcription_tracks: 'outbound' })
    await caller.say('Hello')
    await agent.say('Good morning')
    expect(transcripts(test)).toEqual(['outbound: Good morning.'])
  })

  it('refuses a second transcription, and one that a recording with timeout_secs needs', async () => {
    await using test = await testSimulator()
    const { actions } = test.client.calls
    const caller = await test.answeredCall()
    await actions.startTranscription(caller.id, {})
    expect(await codeOf(actions.startTranscription(caller.id, {}))).toBe('90054')
    expect(await codeOf(actions.startRecording(caller.id, { ...dual, timeout_secs: 5 }))).toBe('90053')
    await actions.stopTranscription(caller.id, {})
    await actions.startRecording(caller.id, { ...dual, timeout_secs: 5 })
    expect(await codeOf(actions.stopTranscription(caller.id, {}))).toBe('90055')
  })
})

describe('streams', () => {
  it('a stream sends streaming.started and streaming.stopped, and the log says that no WebSocket is opened', async () => {
    await using test = await testSimulator()
    const notices: string[] = []
    test.sim.watch((activity) => activity.type === 'notice' && notices.push(activity.text), ['notice'])
    const caller = await test.answeredCall()
    await test.client.calls.actions.startStreaming(caller.id, {
      stream_url: 'wss://example.com/a',
      client_state: 'eA==',
    })
    await test.client.calls.actions.stopStreaming(caller.id, {})
    await test.client.calls.actions.startStreaming(caller.id, { stream_url: 'wss://example.com/b' })
    await caller.hangUp()
    const started = payloadsOf<CallStreamingStarted.Payload>(test, 'streaming.started')
    expect(started.map(({ stream_url, client_state }) => [stream_url, client_state])).toEqual([
      ['wss://example.com/a', 'eA=='],
      ['wss://example.com/b', 'eA=='],
    ])
    expect(payloadsOf(test, 'streaming.stopped')).toMatchObject([
      { stream_url: 'wss://example.com/a' },
      { stream_url: 'wss://example.com/b' },
    ])
    expect(notices[0]).toBe(
      'streaming_start: the simulator sends the webhooks of the stream and opens no WebSocket to wss://example.com/a',
    )
  })

  it('a stream to a URL that is no WebSocket address fails with streaming.failed', async () => {
    await using test = await testSimulator()
    const { data } = await test.client.calls.dial({
      to: '+15550123',
      from: '+15550199',
      connection_id: '1',
      stream_url: 'https://example.com',
      stream_track: 'both_tracks',
    })
    await test.clock.advance(2000)
    expect(payloadsOf<CallStreamingFailed.Payload>(test, 'streaming.failed')).toMatchObject([
      {
        call_control_id: data?.call_control_id,
        failure_reason: 'connection_failed',
        stream_params: { stream_url: 'https://example.com', track: 'both_tracks' },
        stream_type: 'websocket',
      },
    ])
    expect(test.story()).not.toContain('streaming.started')
  })
})
