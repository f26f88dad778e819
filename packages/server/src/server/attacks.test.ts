/**
 * Attack traffic next to genuine traffic. `npm test` runs a short version; the figures in docs/guarantees.md come from:
 *
 *     CALLGATHER_FLOOD_SECONDS=60 CALLGATHER_STRANGERS=10000 \
 *       pnpm exec vitest run --project node packages/server/src/server/attacks.test.ts
 */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SignedWebhook, Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { expect, it } from 'vitest'
import { type Running, startServer } from '../testing/program.ts'
import { CALL, SECRET } from '../testing/server.ts'

const FLOOD_SECONDS = Number(process.env.CALLGATHER_FLOOD_SECONDS ?? 2)
const STRANGERS = Number(process.env.CALLGATHER_STRANGERS ?? 300)
/** The pause between two connections of the attacker: some hundred connections a second. */
const ARRIVAL_MILLIS = 2

const signer = new Signer()
const start = () =>
  startServer({
    PORT: '0',
    LOG_LEVEL: 'error',
    TELNYX_API_KEY: 'KEY-test',
    TELNYX_PUBLIC_KEY: signer.publicKey,
    CALLGATHER_TICKET_SECRET: SECRET,
    CALLGATHER_STORE: 'memory:',
  })

async function memoryOf({ ready }: Running): Promise<number> {
  const text = await (await fetch(`${ready.url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1])
}

function post({ ready }: Running, { headers, body }: SignedWebhook, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(ready.webhooks, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('error', reject).end(body)
  })
}

const genuine = () => signer.sign(webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '5' }))
const percentile = (values: readonly number[], share: number) =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length * share)] ?? 0
const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`

/** Sends a genuine event every 50 ms until `until` returns true. Returns each event's latency, in milliseconds. */
async function genuineTraffic(server: Running, until: () => boolean): Promise<number[]> {
  const agent = new Agent({ keepAlive: true })
  const took: number[] = []
  while (!until()) {
    const signed = genuine()
    const began = performance.now()
    expect(await post(server, signed, agent)).toBe(200)
    took.push(performance.now() - began)
    await sleep(50)
  }
  agent.destroy()
  return took
}

it(
  'accepts genuine webhooks while it rejects a flood of forged webhooks',
  async () => {
    const server = await start()
    const forger = new Signer()
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    // Each forgery is well formed and signed now with another key, which costs the server most to reject.
    const forged = Array.from({ length: 200 }, () => forger.sign(webhookOf('call.hangup', { call_control_id: CALL })))
    await genuineTraffic(
      server,
      (
        (until) => () =>
          Date.now() > until
      )(Date.now() + 500),
    )
    const before = await memoryOf(server)
    const until = Date.now() + FLOOD_SECONDS * 1000
    let refused = 0
    const flood = Array.from({ length: 16 }, async () => {
      while (Date.now() < until) {
        expect(await post(server, forged[refused % forged.length] as SignedWebhook, agent)).toBe(401)
        refused += 1
      }
    })
    const took = await genuineTraffic(server, () => Date.now() > until)
    await Promise.all(flood)
    const after = await memoryOf(server)
    agent.destroy()
    await server.end('SIGTERM')
    const p99 = percentile(took, 0.99)
    console.info(
      `forged flood of ${FLOOD_SECONDS} s: ${refused} refused (${Math.round(refused / FLOOD_SECONDS)}/s), genuine ` +
        `p50 ${percentile(took, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, memory ${mib(before)} to ${mib(after)}`,
    )
    expect(p99).toBeLessThan(5_000)
    expect(after - before).toBeLessThan(128 * 1024 * 1024)
  },
  FLOOD_SECONDS * 1000 + 30_000,
)

it(
  'serves agents while silent connections are open, and closes those after a deadline',
  async () => {
    const server = await start()
    const { port } = new URL(server.ready.url)
    const before = await memoryOf(server)
    const upgrade =
      'GET /callgather/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n' +
      'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    const lives: number[] = []
    let over = false
    const traffic = genuineTraffic(server, () => over)
    const strangers = Array.from({ length: STRANGERS }, async (_, index) => {
      await sleep(index * ARRIVAL_MILLIS)
      let began = performance.now()
      const socket: Socket = connect(Number(port), '127.0.0.1', () => {
        began = performance.now()
        // A third request a websocket, a third send half of the headers, a third send nothing.
        if (index % 3 === 0) socket.write(upgrade)
        else if (index % 3 === 1) socket.write('POST /callgather/webhooks HTTP/1.1\r\nhost:')
      })
      socket.on('error', () => {})
      socket.resume()
      await once(socket, 'close')
      lives.push(performance.now() - began)
    })
    await sleep(STRANGERS * ARRIVAL_MILLIS)
    const during = await memoryOf(server)
    await Promise.all(strangers)
    over = true
    const took = await traffic
    await server.end('SIGTERM')
    const longest = Math.max(...lives)
    console.info(
      `${STRANGERS} strangers: the longest stayed ${(longest / 1000).toFixed(1)} s, genuine p99 ` +
        `${percentile(took, 0.99).toFixed(1)} ms, memory ${mib(before)} to ${mib(during)} at most`,
    )
    // The deadline is 6.5 s. The rest allows for delays on a busy machine.
    expect(longest).toBeLessThan(15_000)
    expect(during - before).toBeLessThan(512 * 1024 * 1024)
  },
  STRANGERS * 10 + 60_000,
)
