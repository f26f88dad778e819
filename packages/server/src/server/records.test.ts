/** The record of a call, from webhooks to the receiver, through the whole server. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@callgather/test-kit/random'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { expect, it, vi } from 'vitest'
import type { RecordOptions } from '../records/options.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { startServer } from '../testing/program.ts'
import { RECORD_SECRET, recordReceiver } from '../testing/record-receiver.ts'
import { CALL, SECRET, testServer } from '../testing/server.ts'

/** Records are due half a second after the hangup. */
const soonDue = (url: string): RecordOptions => ({
  url,
  secret: RECORD_SECRET,
  wrapUpTimeoutMs: 500,
  allowPrivateUrl: true,
})

/**
 * A server whose clock the test moves: its records become due together, and not while webhooks are still being sent.
 */
async function serverWithClock(records: RecordOptions) {
  let aheadMs = 0
  const now = () => Date.now() + aheadMs
  const server = await testServer({ records: { ...records, wrapUpTimeoutMs: 60_000 }, now })
  const post = async (webhook: object) => (await server.post(server.signer.sign(webhook, now()))).status
  return Object.assign(server, {
    deliver: post,
    makeDue: () => {
      aheadMs = 120_000
    },
  })
}

const until = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 20_000 })

/** The webhooks of a finished call, in their true order. */
function finishedCall(callId: string, from = Date.now() - 60_000) {
  const webhook = (type: string, second: number, payload: Record<string, unknown> = {}) =>
    webhookOf(
      type,
      { call_control_id: callId, call_session_id: `session of ${callId}`, ...payload },
      { id: `${callId} ${type} ${second}`, at: new Date(from + second * 1000).toISOString() },
    )
  return [
    webhook('call.initiated', 0, { from: '+15550001111', to: '+15550002222', direction: 'incoming' }),
    webhook('call.answered', 2),
    ...[...'4071'].map((digit, nth) => webhook('call.dtmf.received', 10 + nth, { digit })),
    webhook('call.gather.ended', 15, { digits: '4071', status: 'valid' }),
    webhook('call.hangup', 60, { hangup_source: 'caller', hangup_cause: 'normal_clearing' }),
  ]
}

const expected = {
  from: '+15550001111',
  direction: 'incoming',
  talkMs: 58_000,
  hungUpBy: 'caller',
  gathers: [{ outcome: 'valid', kind: 'digits' }],
  collected: [{ value: '4071' }],
}

it('a call whose webhooks arrive in any order and repeatedly has one record with the right values', async () => {
  await using receiver = await recordReceiver()
  await using server = await serverWithClock(soonDue(receiver.url))
  const chance = seededRandom(18)
  const calls = Array.from({ length: 20 }, (_, nth) => `v3:shuffled-${nth}`)
  await Promise.all(
    calls.map(async (callId) => {
      const webhooks = finishedCall(callId)
      const sent = [...webhooks, ...webhooks].sort(() => chance() - 0.5)
      for (const webhook of sent) expect(await server.deliver(webhook)).toBe(200)
    }),
  )
  server.makeDue()
  await until(() => expect(receiver.records.size).toBe(calls.length))
  // Webhooks that are delivered again after the record change nothing.
  for (const webhook of finishedCall('v3:shuffled-0')) expect(await server.deliver(webhook)).toBe(200)
  await sleep(700)
  expect(receiver.faults).toEqual([])
  expect(receiver.bodies).toHaveLength(calls.length)
  for (const record of receiver.records.values()) expect(record.data).toMatchObject(expected)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain(`callgather_records_total{outcome="delivered"} ${calls.length}`)
  expect(metrics).toContain('callgather_oldest_record_seconds 0')
}, 40_000)

it('a receiver that hangs holds no webhook back, and gets at most eight requests at once', async () => {
  await using receiver = await recordReceiver(() => {})
  await using server = await serverWithClock({ ...soonDue(receiver.url), timeoutMs: 15_000 })
  for (let nth = 0; nth < 30; nth++) {
    for (const webhook of finishedCall(`v3:hanging-${nth}`)) expect(await server.deliver(webhook)).toBe(200)
  }
  server.makeDue()
  await until(() => expect(receiver.open).toBe(8))
  // No request to the receiver has ended, so a webhook that waited for one would not be answered.
  const keys = Array.from({ length: 100 }, (_, nth) =>
    webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '1' }, { id: `key-${nth}` }),
  )
  const answers = await Promise.all(keys.map((key) => server.deliver(key)))
  expect(answers.filter((status) => status === 200)).toHaveLength(100)
  expect([receiver.bodies.length, receiver.open, receiver.mostOpen]).toEqual([8, 8, 8])
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  const age = /callgather_oldest_record_seconds ([\d.]+)/.exec(await (await fetch(`${server.url}/metrics`)).text())
  expect(Number(age?.[1])).toBeGreaterThanOrEqual(0)
  receiver.answer = (response) => void response.writeHead(200).end()
}, 60_000)

it('a server delivers no records and still wraps calls up when no URL is set', async () => {
  await using receiver = await recordReceiver()
  const store = memoryStore()
  await using server = await testServer({ store })
  for (const webhook of finishedCall(CALL)) await server.post(server.signer.sign(webhook))
  await sleep(700)
  expect(receiver.bodies).toEqual([])
  expect((await store.read(CALL, 0))?.records.some(({ event }) => event.event_type === 'call.record')).toBe(false)
})

it('a dead-lettered record is sent again with POST /calls/{id}/record/retry, by an agent with every scope', async () => {
  await using receiver = await recordReceiver((response) => void response.writeHead(410).end())
  await using server = await testServer({ records: soonDue(receiver.url) })
  for (const webhook of finishedCall(CALL)) await server.post(server.signer.sign(webhook))
  const retry = async (ticket: Parameters<typeof server.ticket>[0] = {}) => {
    const headers = { authorization: `Bearer ${await server.ticket(ticket)}` }
    return (await fetch(`${server.url}/calls/${CALL}/record/retry`, { method: 'POST', headers })).status
  }
  expect(await retry()).toBe(422)
  await until(async () => expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('"dead_lettered"} 1'))
  receiver.answer = (response) => void response.writeHead(200).end()
  expect(await retry({ scopes: ['view'] })).toBe(403)
  expect(await retry({ calls: ['v3:another'] })).toBe(404)
  expect(receiver.records.size).toBe(0)
  expect(await retry()).toBe(202)
  await until(() => expect(receiver.records.size).toBe(1))
}, 40_000)

const KILLS = Number(process.env.CALLGATHER_KILLS ?? 2)

it(
  `delivers each record once to an idempotent receiver when the server is killed ${KILLS} times before and during delivery`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'callgather-records-'))
    const signer = new Signer()
    // A slow receiver, so that some kills hit a request in flight.
    await using receiver = await recordReceiver((response) => void setTimeout(() => response.writeHead(200).end(), 200))
    const start = () =>
      startServer({
        PORT: '0',
        LOG_LEVEL: 'error',
        TELNYX_API_KEY: 'KEY-test',
        TELNYX_PUBLIC_KEY: signer.publicKey,
        TELNYX_BASE_URL: 'http://127.0.0.1:9/v2',
        CALLGATHER_TICKET_SECRET: SECRET,
        CALLGATHER_STORE: `file:${join(folder, 'calls.db')}`,
        CALLGATHER_RECORD_URL: receiver.url,
        CALLGATHER_RECORD_SECRET: RECORD_SECRET,
        CALLGATHER_RECORD_WRAP_UP_SECONDS: '1',
        CALLGATHER_RECORD_ALLOW_PRIVATE_URL: 'true',
      })
    const chance = seededRandom(KILLS)
    const calls = new Set<string>()
    let server = await start()
    for (let kill = 0; kill < KILLS; kill++) {
      for (let nth = 0; nth < 12; nth++) {
        const callId = `v3:${randomUUID()}-killed`
        calls.add(callId)
        for (const webhook of finishedCall(callId)) {
          const { headers, body } = signer.sign(webhook)
          const answer = await fetch(server.ready.webhooks, { method: 'POST', headers, body: new Uint8Array(body) })
          expect(answer.status).toBe(200)
        }
      }
      await sleep(chance() * 1_500)
      await server.end('SIGKILL')
      server = await start()
    }
    const subjects = () => [...receiver.records.values()].map(({ subject }) => subject).sort()
    await vi.waitFor(() => expect(subjects()).toEqual([...calls].sort()), { timeout: 60_000, interval: 200 })
    await server.end('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
    expect(receiver.faults).toEqual([])
    for (const record of receiver.records.values()) expect(record.data).toMatchObject(expected)
    console.info(
      `records: ${KILLS} kills, ${calls.size} calls, ${receiver.bodies.length} requests, ${receiver.records.size} records`,
    )
  },
  KILLS * 10_000 + 90_000,
)
