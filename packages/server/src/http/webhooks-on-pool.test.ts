import type { KeyObject } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, it, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer } from '../testing/server.ts'
import { Signer, webhookOf } from '../testing/telnyx.ts'

const HELD = 'v3:a-call-that-is-held-up'

type OnPool = (
  algorithm: null,
  message: Buffer,
  key: KeyObject,
  signature: Buffer,
  done: (error: Error | null, fits: boolean) => void,
) => void

const pool = vi.hoisted(() => ({ asked: 0, atOnce: 0, most: 0, broken: false }))

// The machine of the test may have one core; this server believes in four.
vi.mock('node:os', async (original) => ({ ...(await original<object>()), availableParallelism: () => 4 }))
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  const verify = (...args: Parameters<typeof real.verify> | Parameters<OnPool>) => {
    if (args.length < 5) return real.verify(...(args as Parameters<typeof real.verify>))
    const [algorithm, message, key, signature, done] = args as Parameters<OnPool>
    pool.asked += 1
    pool.atOnce += 1
    pool.most = Math.max(pool.most, pool.atOnce)
    return real.verify(algorithm, message, key, signature, (error, fits) => {
      pool.atOnce -= 1
      done(pool.broken ? new Error('The pool is broken.') : error, fits)
    })
  }
  return { ...real, verify }
})

beforeEach(() => Object.assign(pool, { asked: 0, atOnce: 0, most: 0, broken: false }))

/** A server on which one webhook can be held up, so that those after it are not alone. */
async function start() {
  const signer = new Signer()
  const kept = memoryStore()
  const gate = new EventEmitter()
  const reached = once(gate, 'reached')
  const opened = once(gate, 'opened')
  const store: CallStore = {
    ...kept,
    append: async (callId, ...rest) => {
      if (callId === HELD) {
        gate.emit('reached')
        await opened
      }
      return kept.append(callId, ...rest)
    },
  }
  const telnyx = { apiKey: 'KEY-test', publicKey: signer.publicKey, verifier: 'node:crypto' } as const
  const server = await testServer({ store, telnyx })
  const post = async (by = signer, call_control_id = CALL) => {
    const content = webhookOf('call.dtmf.received', { call_control_id, digit: '5' })
    return (await server.post(by.sign(content))).status
  }
  return {
    store,
    post,
    /** Runs while a webhook is under way. */
    async besideOne<T>(work: () => Promise<T>): Promise<T> {
      const one = post(signer, HELD)
      await reached
      pool.asked = 0
      const result = await work()
      gate.emit('opened')
      expect(await one).toBe(200)
      return result
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

it('is judged there, where several are under way, each by its own bytes', async () => {
  await using it = await start()
  const forger = new Signer()
  const signers = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? undefined : forger))
  const answers = await it.besideOne(() => Promise.all(signers.map((by) => it.post(by))))
  expect(answers).toEqual(signers.map((by) => (by === forger ? 401 : 200)))
  expect(await it.store.head(CALL)).toMatchObject({ seq: 100 })
  expect(pool.asked).toBeGreaterThan(0)
  expect(pool.most).toBeLessThanOrEqual(64)
})

it('is judged at once where it is alone', async () => {
  await using it = await start()
  for (let time = 0; time < 3; time++) {
    expect(await it.post()).toBe(200)
    await sleep(20)
  }
  expect(pool.asked).toBe(0)
})

it('is not believed when the pool fails, and the process lives', async () => {
  await using it = await start()
  const answers = await it.besideOne(async () => {
    pool.broken = true
    const answered = await Promise.all(Array.from({ length: 20 }, () => it.post()))
    pool.broken = false
    return answered
  })
  expect(answers).toEqual(answers.map(() => 500))
  expect(await it.store.head(CALL)).toBeNull()
  expect(await it.post()).toBe(200)
})
