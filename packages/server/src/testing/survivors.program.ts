/**
 * Prints how many bytes survive young collections although nothing uses them, for each kind of work that the server does for
 * a webhook. Such bytes make every collection slower. It has its own process, because other code that V8 has seen changes the
 * shapes of objects.
 */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { initialCallState } from '@callgather/protocol'
import { NodeRequest } from '../edge/node.ts'
import { normalise } from '../telnyx/normalise.ts'
import { readWebhook } from '../telnyx/webhook.ts'

const RUNS = 5_000

const payloads: Readonly<Record<string, Record<string, unknown>>> = {
  'call.dtmf.received': { digit: '1', client_state: null },
  'call.gather.ended': { status: 'valid', digits: '12' },
  'call.transcription': { transcription_data: { transcript: 'Yes', is_final: null } },
}
const socket = new Socket()
const state = initialCallState('call')

function readRequest(): string {
  const message = new IncomingMessage(socket)
  Object.assign(message, { url: '/callgather/webhooks', method: 'POST', rawHeaders: [] })
  return new NodeRequest(message, { basePath: '/callgather', addressOf: () => '192.0.2.1' }).path
}

function normaliseWebhook(body: Buffer): void {
  const read = readWebhook(body)
  if (!read.ok) throw new Error(read.reason)
  const { event_type: type } = normalise(read.webhook, 'command', state)
  if (type !== read.webhook.eventType) throw new Error(`The webhook became ${type}.`)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

const oldSpace = () =>
  getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: used }) => {
    return name.startsWith('new') ? sum : sum + used
  }, 0)

function bytesPerRun(work: () => unknown): number {
  const run = () => {
    for (let nth = 0; nth < RUNS; nth++) work()
    collect({ type: 'minor' })
    collect({ type: 'minor' })
  }
  run()
  collect()
  const before = oldSpace()
  run()
  return (oldSpace() - before) / RUNS
}

const works: [string, () => unknown][] = Object.entries(payloads).map(([event_type, payload]) => {
  const data = { id: 'e', event_type, occurred_at: '2026-11-30T10:00:00.000000Z', payload }
  const body = Buffer.from(JSON.stringify({ data }))
  return [`the event of a ${event_type} webhook`, () => normaliseWebhook(body)]
})
const survivors = [['a request', readRequest] as const, ...works].map(([name, work]) => [name, bytesPerRun(work)])
process.stdout.write(`${JSON.stringify(Object.fromEntries(survivors))}\n`)
