import type { KeyObject } from 'node:crypto'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { beforeEach, expect, it, vi } from 'vitest'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer } from '../testing/server.ts'

type OnPool = (
  algorithm: null,
  message: Buffer,
  key: KeyObject,
  signature: Buffer,
  done: (error: Error | null, fits: boolean) => void,
) => void

const pool = vi.hoisted(() => ({ verified: 0, isBroken: false }))

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  const verify = (...args: Parameters<typeof real.verify> | Parameters<OnPool>) => {
    if (args.length < 5) return real.verify(...(args as Parameters<typeof real.verify>))
    const [algorithm, message, key, signature, done] = args as Parameters<OnPool>
    pool.verified += 1
    return real.verify(algorithm, message, key, signature, (error, fits) => {
      done(pool.isBroken ? new Error('The pool is broken.') : error, fits)
    })
  }
  return { ...real, verify }
})

beforeEach(() => Object.assign(pool, { verified: 0, isBroken: false }))

async function start() {
  const signer = new Signer()
  const store = memoryStore()
  const server = await testServer({ store, telnyx: { apiKey: 'KEY-test', publicKey: signer.publicKey } })
  const post = async (by = signer) => {
    const content = webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '5' })
    return (await server.post(by.sign(content))).status
  }
  return { store, post, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

it('verifies concurrent webhooks on the thread pool, each against its own raw bytes', async () => {
  await using it = await start()
  const forger = new Signer()
  const signers = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? undefined : forger))
  const answers = await Promise.all(signers.map((by) => it.post(by)))
  expect(answers).toEqual(signers.map((by) => (by === forger ? 401 : 200)))
  expect(await it.store.head(CALL)).toMatchObject({ seq: 100 })
  expect(pool.verified).toBe(200)
})

it('answers webhooks with 500 and stores nothing while the thread pool fails, and recovers', async () => {
  await using it = await start()
  pool.isBroken = true
  const answers = await Promise.all(Array.from({ length: 20 }, () => it.post()))
  expect(answers).toEqual(answers.map(() => 500))
  expect(await it.store.head(CALL)).toBeNull()
  pool.isBroken = false
  expect(await it.post()).toBe(200)
})
