/**
 * Ways of answering one question: did Telnyx send this? Each verifies the same signed bodies, in this process and on
 * its core, and says what a body costs it in CPU time.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import Telnyx from 'telnyx'
import { KeyRing } from '../../packages/server/src/telnyx/key-ring.ts'
import { checkSignature } from '../../packages/server/src/telnyx/signature.ts'
import { readWebhook } from '../../packages/server/src/telnyx/webhook.ts'
import { makeCorpus, makeKeys, type SignedWebhook } from './corpus.ts'
import { serve } from './serve.ts'

/** What is compared; `Sized` names one size of body. */
export type Way = 'bare' | 'ours' | 'ours, parsed' | 'ours, read' | 'sdk, one at a time' | 'sdk, 32 at a time'

export interface Sized {
  readonly kind: 'keys' | 'history'
  readonly count: number
}

interface Prepared {
  readonly webhook: SignedWebhook
  readonly headers: Record<string, string>
  readonly message: Buffer
  readonly signature: Buffer
}

const keys = makeKeys()
const key = keyOf(keys.publicKey)
const ring = new KeyRing(keys.publicKey, Date.now())
const telnyx = new Telnyx({ apiKey: 'not used here', publicKey: keys.publicKey })
const prepared = new Map<Sized['kind'], Prepared[]>()

const check = async ({ webhook: { signature, timestamp, body } }: Prepared) =>
  (await checkSignature({ signature: [signature], timestamp: [timestamp], body }, ring, Date.now())).ok

const unwrap = async ({ webhook, headers }: Prepared) =>
  Boolean(await telnyx.webhooks.unwrap(webhook.body.toString(), { headers }))

/** Each says whether the body is Telnyx's. Every one of them is. */
const ways: Readonly<Record<Exclude<Way, 'sdk, 32 at a time'>, (each: Prepared) => boolean | Promise<boolean>>> = {
  bare: ({ message, signature }) => verify(null, message, key, signature),
  ours: (each) => check(each),
  'ours, parsed': async (each) => (await check(each)) && Boolean(JSON.parse(each.webhook.body.toString())),
  'ours, read': async (each) => (await check(each)) && readWebhook(each.webhook.body).ok,
  'sdk, one at a time': unwrap,
}

export const abilities = {
  prepare: ({ kind, count }: Sized) => {
    const webhooks = makeCorpus({ name: kind, kind, calls: 1, count }, keys).slice(-count)
    prepared.set(kind, webhooks.map(prepare))
    return webhooks[0]?.body.length ?? 0
  },
  /** CPU time for each body, in µs. */
  run: async ({ way, kind }: { way: Way; kind: Sized['kind'] }): Promise<number> => {
    const all = prepared.get(kind) ?? []
    const before = process.cpuUsage()
    let good = 0
    if (way === 'sdk, 32 at a time') {
      for (let from = 0; from < all.length; from += 32) {
        const answers = await Promise.all(all.slice(from, from + 32).map(unwrap))
        good += answers.filter(Boolean).length
      }
    } else {
      const isGood = ways[way]
      for (const each of all) {
        const answer = isGood(each)
        if (typeof answer === 'boolean' ? answer : await answer) good += 1
      }
    }
    const { user, system } = process.cpuUsage(before)
    if (good !== all.length) throw new Error(`${way}: ${all.length - good} good signatures were refused.`)
    return (user + system) / all.length
  },
}
serve(abilities)

function prepare(webhook: SignedWebhook): Prepared {
  const { body, signature, timestamp } = webhook
  return {
    webhook,
    headers: { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': timestamp },
    message: Buffer.concat([Buffer.from(`${timestamp}|`), body]),
    signature: Buffer.from(signature, 'base64'),
  }
}

function keyOf(text: string): KeyObject {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(text, 'base64')])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}
