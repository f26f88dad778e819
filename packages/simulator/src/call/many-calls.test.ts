/**
 * Runs many scripted calls on a virtual clock with every fault: all calls end and are released from memory, and two runs
 * with the same seed produce the same log.
 *
 * `CALLGATHER_CALLS` sets the number of calls (default 100, and 300 in `npm run test:long`).
 */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expectContract } from '@callgather/test-kit/telnyx-contract'
import { expect, it } from 'vitest'
import { createSimulator, runSteps, type Scenario, type Simulator, virtualClock, type WebhookEvent } from '../index.ts'

const CALLS = Number(process.env.CALLGATHER_CALLS ?? (process.env.CALLGATHER_LONG ? 300 : 100))

/**
 * A voice program that answers a call, records, transcribes and streams it, texts the caller, gathers in one of four ways,
 * and hangs up. Retries each command by command_id.
 */
function program(sim: () => Simulator) {
  const seen = new Set<string>()
  const post = async (path: string, body: Record<string, unknown>) => {
    const { fetch, url } = sim()
    for (let attempt = 0; attempt < 6; attempt += 1) {
      try {
        const response = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { authorization: 'Bearer KEY', 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        await response.arrayBuffer()
        if (response.status < 500 && response.status !== 429) return
      } catch {
        // The connection to the API closed. The command_id makes a retry of a command safe.
      }
    }
  }
  const send = (event: WebhookEvent, command: string, body: Record<string, unknown>) =>
    post(`/calls/${event.payload.call_control_id}/actions/${command}`, {
      ...body,
      command_id: `${event.id} ${command}`,
    })
  const gathers: [string, Record<string, unknown>][] = [
    [
      'gather_using_speak',
      { payload: 'Please enter your PIN.', voice: 'female', maximum_digits: 4, timeout_millis: 5000 },
    ],
    [
      'gather_using_audio',
      {
        audio_url: 'https://example.com/menu.wav',
        maximum_digits: 1,
        valid_digits: '12',
        maximum_tries: 2,
        timeout_millis: 4000,
      },
    ],
    ['gather', { maximum_digits: 8, initial_timeout_millis: 9000 }],
    [
      'gather_using_ai',
      {
        parameters: { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] },
        greeting: 'How old are you?',
        send_partial_results: true,
      },
    ],
  ]
  return async (request: Request): Promise<Response> => {
    const bytes = Buffer.from(await request.arrayBuffer())
    const { data } = JSON.parse(String(request.headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes) : bytes))
    const event = data as WebhookEvent
    if (seen.has(event.id)) return new Response('seen')
    seen.add(event.id)
    const [command, body] = gathers[Number(String(event.payload.from).slice(-5)) % gathers.length] ?? ['hangup', {}]
    if (event.event_type === 'call.initiated') await send(event, 'answer', {})
    if (event.event_type === 'call.answered') {
      await send(event, 'record_start', { channels: 'dual', format: 'wav', max_length: 20, transcription: true })
      await send(event, 'transcription_start', {})
      await send(event, 'streaming_start', { stream_url: 'wss://example.com/audio' })
      await post('/messages', { from: event.payload.to, to: event.payload.from, text: 'Thank you for calling.' })
      await send(event, command, { ...body, client_state: 'Z2F0aGVy' })
    }
    if (event.event_type === 'call.gather.ended' || event.event_type === 'call.ai_gather.ended') {
      await send(event, 'record_stop', {})
      await send(event, 'hangup', {})
    }
    return new Response('ok')
  }
}

const callers: Scenario['steps'][] = [
  [
    { waitForAnswer: true, timeoutMs: 90_000 },
    { waitForPrompt: '', toTheEnd: true },
    { press: '5503', everyMs: [400, 300, 500] },
  ],
  [{ waitForAnswer: true, timeoutMs: 90_000 }, { waitForPrompt: '' }, { press: '9' }, { wait: 700 }, { press: '1' }],
  [{ waitForAnswer: true, timeoutMs: 90_000 }, { wait: 1200 }, { press: '123', everyMs: 200 }, { hangUp: true }],
  [{ waitForAnswer: true, timeoutMs: 90_000 }, { waitForPrompt: '', toTheEnd: true }, { say: 'I am twenty nine' }],
]

const faults = {
  duplicate: 0.05,
  reorder: 0.05,
  delay: 0.05,
  drop: 0.01,
  badSignature: 0.02,
  staleTimestamp: 0.02,
  wrongKey: 0.02,
  gzip: 0.05,
  slow: 0.02,
  apiLatency: 0.05,
  apiError: 0.03,
  apiRateLimit: 0.03,
  apiAnswerLost: 0.03,
  apiReset: 0.03,
}

/** The URLs of recordings contain the port, so runs that are compared use the same `port`. */
async function run(calls: number, seed: number, port = 0) {
  const clock = virtualClock({ start: Date.UTC(2026, 0, 1) })
  const log = createHash('sha256')
  let lines = 0
  let faultCount = 0
  await using sim = await createSimulator({ webhookUrl: program(() => sim), clock, seed, faults, port })
  const write = (...what: unknown[]) => {
    log.update(JSON.stringify(what))
    lines += 1
  }
  sim.watch(
    (activity) => {
      if (activity.type === 'webhook') {
        write(activity)
        expectContract(activity.event)
      }
      if (activity.type === 'command') {
        write(activity)
        if (activity.note) faultCount += 1
      }
      if (activity.type === 'delivery') {
        const { id, status, faults, attempts } = activity.delivery
        write(activity.at, id, status, faults, attempts.length, attempts.at(-1))
        if (faults.length > 0) faultCount += 1
      }
    },
    ['webhook', 'delivery', 'command'],
  )
  const runCall = async (index: number) => {
    await clock.sleep(index * 20)
    const from = `+1555${String(index).padStart(5, '0')}`
    // Faults may make a scenario step fail, but the call must still end.
    const caller = await sim.phone.dial({ from })
    await runSteps(caller, { name: `call ${index}`, steps: callers[index % callers.length] ?? [] }).catch(() => {})
    await caller.wait(30_000)
    await caller.hangUp()
  }
  await clock.runUntil(Promise.all(Array.from({ length: calls }, (_, index) => runCall(index))))
  await clock.advance(3_600_000)
  return {
    port: Number(new URL(sim.url).port),
    log: log.digest('hex'),
    lines,
    faultCount,
    callsLeft: sim.calls().length,
    timersLeft: clock.pending,
    deliveriesLeft: sim.deliveries().filter(({ status }) => status === 'pending').length,
  }
}

it(`runs ${CALLS} calls with every fault, releases them from memory, and reproduces the log with the same seed`, async () => {
  const startedAt = performance.now()
  const first = await run(CALLS, 7)
  const durationMs = performance.now() - startedAt
  console.log(`${CALLS} calls: ${Math.round(durationMs)} ms, ${first.lines} lines, ${first.faultCount} faults`)
  expect(first.callsLeft).toBe(0)
  expect(first.timersLeft).toBe(0)
  expect(first.deliveriesLeft).toBe(0)
  expect(first.faultCount).toBeGreaterThan(CALLS / 4)
  expect(await run(CALLS, 7, first.port)).toEqual(first)
  expect((await run(Math.min(CALLS, 200), 8, first.port)).log).not.toBe(first.log)
}, 3_600_000)
