/** Prepares webhooks, then posts them at full speed or at a fixed rate. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import { type CorpusOptions, type Keys, makeCorpus, type SignedWebhook } from './corpus.ts'
import { serve } from './serve.ts'

export interface Target {
  /** The corpus, the first of its webhooks to send, and how many. */
  readonly name: string
  readonly from: number
  readonly count: number
  readonly port: number
  readonly path: string
  readonly connections: number
  /** Webhooks a second. Default: full speed. */
  readonly perSecond?: number
  /** Repeats every nth webhook. */
  readonly repeatEvery?: number
}

const corpora = new Map<string, SignedWebhook[]>()

export const abilities = {
  /** Signs the webhooks. The size of one body, in bytes. */
  prepare: ({ keys, ...options }: CorpusOptions & { readonly keys: Keys }): number => {
    const corpus = makeCorpus(options, keys)
    corpora.set(options.name, corpus)
    return corpus.at(-1)?.body.length ?? 0
  },
  /** Drops a corpus from memory. */
  drop: (name: string) => corpora.delete(name),
  /** Sends in order, at a pace if there is one. */
  send: async ({ port, path, connections, perSecond, repeatEvery, ...part }: Target): Promise<void> => {
    const webhooks = webhooksOf(part)
    const agent = new Agent({ keepAlive: true, maxSockets: connections })
    const post = ({ body, ...webhook }: SignedWebhook) =>
      new Promise<void>((resolve, reject) => {
        const headers = { ...headersOf(webhook), 'content-length': body.length }
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
          response.resume().once('end', resolve)
          if (response.statusCode !== 200) reject(new Error(`The server answered ${response.statusCode}.`))
        })
        sent.once('error', reject).end(body)
      })
    let next = 0
    const began = performance.now()
    const worker = async () => {
      for (let nth = next++; nth < webhooks.length; nth = next++) {
        const webhook = webhooks[nth] as SignedWebhook
        const wait = perSecond === undefined ? 0 : (nth / perSecond) * 1000 - (performance.now() - began)
        if (wait > 0) await sleep(wait)
        await post(webhook)
        if (repeatEvery !== undefined && nth % repeatEvery === 0) await post(webhook)
      }
    }
    await Promise.all(Array.from({ length: connections }, worker))
    agent.destroy()
  },
  /** Sends as fast as the webhooks are answered. Answers a second. */
  flood: async ({ port, path, connections, ...part }: Target): Promise<number> => {
    // autocannon prepares one request more on each connection than it sends.
    const webhooks = webhooksOf({ ...part, count: part.count + 2 * connections })
    let next = 0
    const setupRequest = (before: autocannon.Request): autocannon.Request => {
      const webhook = webhooks[next++]
      return webhook ? { ...before, headers: headersOf(webhook), body: webhook.body } : before
    }
    const requests = [{ method: 'POST' as const, path, setupRequest }]
    const url = `http://127.0.0.1:${port}`
    const began = performance.now()
    // autocannon ends at a full second of its clock, so the time of the last answer counts.
    let answered = began
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
      const run = autocannon({ url, connections, amount: part.count, requests }, (error, ended) =>
        error ? reject(error) : resolve(ended),
      )
      run.on('response', () => {
        answered = performance.now()
      })
    })
    const good = result['2xx']
    if (good < part.count) throw new Error(`The server accepted only ${good} of ${part.count} webhooks.`)
    return part.count / ((answered - began) / 1000)
  },
}
serve(abilities)

function webhooksOf({ name, from, count }: Pick<Target, 'name' | 'from' | 'count'>): SignedWebhook[] {
  const webhooks = corpora.get(name)?.slice(from, from + count) ?? []
  if (webhooks.length < count) throw new Error(`Only ${webhooks.length} of ${count} webhooks of ${name} are prepared.`)
  return webhooks
}

const headersOf = ({ id, signature, timestamp }: Omit<SignedWebhook, 'body'>) => ({
  'content-type': 'application/json',
  'telnyx-signature-ed25519': signature,
  'telnyx-timestamp': timestamp,
  'x-event': id,
})
