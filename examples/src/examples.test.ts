/** The two programs, as they are, each in its own process, against the simulator on a socket: only their environment points there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  type Caller,
  createSimulator,
  exampleScenarios,
  runScenario,
  runSteps,
  type Simulator,
  type SimulatorOptions,
  virtualClock,
} from '@callgather/simulator'
import { freePort } from '@callgather/test-kit/free-port'
import { expectContract } from '@callgather/test-kit/telnyx-contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

interface Running extends AsyncDisposable {
  sim: Simulator
  /** Does it, and lets a virtual clock run until it is done. */
  play<T>(what: (sim: Simulator) => Promise<T>): Promise<T>
  output(): string
}

/** Speech at a tenth of its length: these tests wait for it in real time. */
const BRISK = { audio: { speechMsPerCharacter: 6 } }
/**
 * A program on a socket answers 200 first and commands afterwards. Under a virtual clock time stands still until so many
 * real milliseconds have passed in silence: enough for a busy machine.
 */
const QUIET_MS = 600

/** A program and a simulator that know each other by URL, as on two machines. */
async function start(program: 'menu' | 'booking', options: SimulatorOptions = {}): Promise<Running> {
  const port = await freePort()
  const sim = await createSimulator({ webhookUrl: `http://127.0.0.1:${port}/webhooks`, settings: BRISK, ...options })
  const broken: unknown[] = []
  sim.watch(
    (activity) => {
      try {
        if (activity.type === 'webhook') expectContract(activity.event)
      } catch (error) {
        broken.push(error)
      }
    },
    ['webhook'],
  )
  const child = spawn(process.execPath, [fileURLToPath(new URL(`./${program}.js`, import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      TELNYX_API_KEY: 'KEY',
      TELNYX_PUBLIC_KEY: sim.publicKey,
      TELNYX_BASE_URL: sim.url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  await listening(child, () => output)
  return {
    sim,
    play: (what) => (sim.clock ? sim.clock.runUntil(what(sim)) : what(sim)),
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await sim.close()
      if (broken.length > 0) throw broken[0]
    },
  }
}

const listening = (child: ChildProcess, output: () => string) =>
  new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => output().includes('Listening') && resolve())
    child.on('exit', (code) => reject(new Error(`The program ended with ${code}: ${output()}`)))
  })

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const ready = (name: string) => {
  const found = exampleScenarios.find((one) => one.name === name)
  if (!found) throw new Error(`There is no ready caller ${name}.`)
  return found
}
const types = (caller: Caller) => caller.history.map(({ event_type }) => event_type)

describe('the menu', () => {
  let run: Running
  beforeAll(async () => {
    run = await start('menu')
  })
  afterAll(async () => {
    await run[Symbol.asyncDispose]()
    expect(run.output()).not.toContain('Error')
  })

  it.concurrent('sells: a wrong key, then 1, and the caller is transferred', async () => {
    const sales = run.sim.phone.nextCall({ to: '+15550123' })
    const caller = await run.sim.phone.dial()
    await caller.waitForPrompt('For sales, press 1', { toTheEnd: true })
    await caller.press('9')
    await caller.waitForPrompt('not a choice')
    await caller.press('1')
    await caller.waitForPrompt('One moment')
    const seller = await sales
    await seller.answer()
    await caller.waitFor('call.bridged')
    expect(caller.view.bridged_with).toBe(seller.id)
    await seller.hangUp()
    await caller.ended()
    expect(types(caller).filter((type) => !type.startsWith('call.dtmf'))).toEqual([
      'call.initiated',
      'call.answered',
      'call.gather.ended',
      'call.speak.started',
      'call.speak.ended',
      'call.bridged',
      'call.hangup',
    ])
  })

  it.concurrent('the menu speaks the status of an order and hangs up', async () => {
    const caller = await run.sim.phone.dial()
    await caller.waitForPrompt('press 2')
    await caller.press('2')
    await caller.waitForPrompt('six digit order number', { toTheEnd: true })
    await caller.press('123456', { everyMs: 60 })
    await caller.waitForPrompt('Order 1 2 3 4 5 6 is on its way')
    await caller.ended()
    expect(caller.view.hangup_cause).toBe('normal_clearing')
  })

  it.concurrent('acts on a star at any time', async () => {
    const caller = await run.sim.phone.dial()
    await caller.waitForPrompt('For sales')
    await caller.press('*')
    await caller.ended()
    expect(types(caller)).toContain('call.gather.ended')
  })

  it.concurrent('is left in the middle of an order number', async () => {
    const caller = await run.sim.phone.dial()
    await caller.waitForPrompt('press 2')
    await caller.press('2')
    await caller.waitForPrompt('order number')
    await caller.press('55', { everyMs: 100 })
    await caller.hangUp()
    const [, last] = caller.history.filter(({ event_type }) => event_type === 'call.gather.ended')
    expect(last?.payload).toMatchObject({ status: 'call_hangup', digits: '55' })
  })

  it.concurrent('meets the ready caller menu-wrong-key', async () => {
    await runScenario(run.sim, ready('menu-wrong-key'))
  })

  it('the menu says goodbye when the caller stays silent until the timeout', async () => {
    await using silence = await start('menu', { clock: virtualClock({ quietMs: QUIET_MS }) })
    await silence.play(async (sim) => {
      const { from, ...rest } = ready('silence-to-timeout')
      const caller = await sim.phone.dial(from === undefined ? {} : { from })
      await runSteps(caller, { ...rest, steps: rest.steps.slice(0, -1) })
      await caller.waitForPrompt('Goodbye')
      await caller.ended()
    })
  })

  it('the menu works despite duplicate, delayed and forged webhooks', async () => {
    await using beset = await start('menu', {
      faults: { badSignature: 1, wrongKey: 1, staleTimestamp: 1, delay: { rate: 0.3, ms: 200 } },
      seed: 3,
    })
    const caller = await beset.sim.phone.dial()
    await caller.waitForPrompt('press 2')
    await caller.press('2')
    await caller.waitForPrompt('order number')
    await caller.press('123456')
    await caller.waitForPrompt('is on its way')
    await caller.ended()
    const statuses = beset.sim
      .deliveries()
      .filter(({ status }) => status === 'delivered')
      .flatMap(({ attempts }) => attempts.map(({ fault, response }) => `${fault ?? 'genuine'} ${response?.status}`))
    expect(new Set(statuses)).toEqual(
      new Set(['badSignature 401', 'wrongKey 401', 'staleTimestamp 401', 'genuine 200']),
    )
  })
})

describe('the booking', () => {
  let run: Running
  beforeAll(async () => {
    run = await start('booking')
  })
  afterAll(async () => {
    await run[Symbol.asyncDispose]()
    expect(run.output()).not.toContain('Error')
  })

  it.concurrent('books by voice, then converses until 0 is pressed', async () => {
    const caller = await run.sim.phone.dial()
    await caller.waitForPrompt('this is Luigi', { toTheEnd: true })
    await caller.say('Maria Lopez')
    await caller.waitForPrompt('guests', { toTheEnd: true })
    await caller.say('four')
    await caller.waitForPrompt('day', { toTheEnd: true })
    await caller.say('Monday')
    const ended = await caller.waitFor('call.ai_gather.ended')
    expect(ended.payload).toMatchObject({ status: 'valid', result: { name: 'Maria Lopez', guests: 4, day: 'Monday' } })
    await caller.waitForPrompt('Thank you, Maria Lopez. A table for 4 on Monday.', { toTheEnd: true })
    await caller.say('What did I book?')
    await caller.waitForPrompt('')
    await caller.press('0')
    await caller.ended()
    expect(run.output()).toContain('booked {"name":"Maria Lopez","guests":4,"day":"Monday"}')
  })

  it.concurrent.each(['ai-booking-with-correction', 'angry-interrupter'])('meets the ready caller %s', async (name) => {
    const caller = await runScenario(run.sim, ready(name))
    expect(types(caller)).toContain('call.ai_gather.ended')
  })

  it('the booking program hangs up when the caller says nothing', async () => {
    await using silence = await start('booking', { clock: virtualClock({ quietMs: QUIET_MS }) })
    await silence.play(async (sim) => {
      const caller = await sim.phone.dial()
      const ended = await caller.waitFor('call.ai_gather.ended', { timeoutMs: 120_000 })
      expect(ended.payload).toMatchObject({ status: 'invalid', result: {} })
      await caller.ended()
    })
  })
})
