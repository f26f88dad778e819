/** The sender of webhooks: prepares them all beforehand, then posts them as fast as they are answered, or at a pace. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'undici'
import { type CorpusOptions, type Keys, makeCorpus, type SignedWebhook } from './corpus.ts'
import { serve } from './serve.ts'

export interface Target {
  readonly port: number
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
  const { port, path, from, count, connections, perSecond, repeatEvery } = target
  const clients = Array.from({ length: connections }, () => new Client(`http://127.0.0.1:${port}`))
  const taken: number[] = []
  let refused = 0
  const post = async (client: Client, { id, body, signature, timestamp }: SignedWebhook) => {
    const began = performance.now()
    const { statusCode, body: answer } = await client.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/json',
        'telnyx-signature-ed25519': signature,
        'telnyx-timestamp': timestamp,
        'x-event': id,
      },
      body,
    })
    await answer.dump()
    taken.push((performance.now() - began) * 1000)
    if (statusCode !== 200) refused += 1
  }
  let next = from
  const began = performance.now()
  const worker = async (client: Client) => {
    while (next < from + count) {
      const index = next++
      if (perSecond !== undefined) {
        const wait = ((index - from) / perSecond) * 1000 - (performance.now() - began)
        if (wait > 0) await sleep(wait)
      }
      const webhook = corpus[index]
      if (!webhook) throw new Error(`Only ${corpus.length} webhooks were prepared; ${index + 1} are wanted.`)
      await post(client, webhook)
      if (repeatEvery !== undefined && index % repeatEvery === 0) await post(client, webhook)
    }
  }
  await Promise.all(clients.map(worker))
  const millis = performance.now() - began
  await Promise.all(clients.map((client) => client.close()))
  taken.sort((a, b) => a - b)
  const at = (share: number) => taken[Math.floor((taken.length - 1) * share)] ?? Number.NaN
  return { millis, perSecond: (taken.length / millis) * 1000, p50: at(0.5), p99: at(0.99), refused }
}
