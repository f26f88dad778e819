/** The sender of webhooks: prepares them all beforehand, then posts them as fast as they are answered, or at a pace. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, postOf } from './connection.ts'
import { type CorpusOptions, type Keys, makeCorpus, type SignedWebhook } from './corpus.ts'
import { serve } from './serve.ts'

export interface Target {
  /** One port, or several among which the connections are divided. */
  readonly port: number | readonly number[]
  readonly path: string
  /** Which of the prepared webhooks: the first, and how many. */
  readonly from: number
  readonly count: number
  readonly connections: number
  /** Webhooks a second; without it, as fast as they are answered. */
  readonly perSecond?: number
  /** Every so many of them is sent a second time. */
  readonly repeatEvery?: number
}

export interface Sent {
  readonly millis: number
  readonly perSecond: number
  /** From posting to the answer, in µs. */
  readonly p50: number
  readonly p99: number
  readonly refused: number
}

const corpora = new Map<string, SignedWebhook[]>()

export const abilities = {
  prepare: ({ keys, ...options }: CorpusOptions & { keys: Keys }) => {
    const corpus = makeCorpus(options, keys)
    corpora.set(options.name, corpus)
    return { bytes: corpus.at(-1)?.body.length ?? 0, count: corpus.length }
  },
  /** Makes room: a corpus that is not needed any more. */
  drop: (name: string) => corpora.delete(name),
  send: ({ name, ...target }: Target & { name: string }) => send(corpora.get(name) ?? [], target),
}
serve(abilities)

async function send(corpus: readonly SignedWebhook[], target: Target): Promise<Sent> {
  const { path, from, count, connections, perSecond, repeatEvery } = target
  const ports = [target.port].flat()
  // Written out before the clock starts.
  const requests = corpus.slice(from, from + count).map(({ id, body, signature, timestamp }) => {
    const signed = { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': timestamp }
    return postOf(path, { 'content-type': 'application/json', ...signed, 'x-event': id }, body)
  })
  if (requests.length < count)
    throw new Error(`Only ${corpus.length} webhooks were prepared; ${from + count} are wanted.`)
  const open = Array.from({ length: connections }, (_, nth) => Connection.open(ports[nth % ports.length] ?? 0))
  const senders = await Promise.all(open)
  const taken: number[] = []
  let refused = 0
  const post = async (connection: Connection, request: Buffer) => {
    const began = performance.now()
    const status = await connection.send(request)
    taken.push((performance.now() - began) * 1000)
    if (status !== 200) refused += 1
  }
  let next = 0
  const began = performance.now()
  const worker = async (connection: Connection) => {
    for (;;) {
      const index = next++
      const request = requests[index]
      if (!request) return
      if (perSecond !== undefined) {
        const wait = (index / perSecond) * 1000 - (performance.now() - began)
        if (wait > 0) await sleep(wait)
      }
      await post(connection, request)
      if (repeatEvery !== undefined && (from + index) % repeatEvery === 0) await post(connection, request)
    }
  }
  await Promise.all(senders.map(worker))
  const millis = performance.now() - began
  for (const connection of senders) connection.close()
  taken.sort((a, b) => a - b)
  const at = (share: number) => taken[Math.floor((taken.length - 1) * share)] ?? Number.NaN
  return { millis, perSecond: (taken.length / millis) * 1000, p50: at(0.5), p99: at(0.99), refused }
}
