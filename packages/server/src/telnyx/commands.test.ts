import { Upstream, type UpstreamReply } from '@callgather/test-kit/telnyx'
import fc from 'fast-check'
import Telnyx from 'telnyx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Breaker } from './breaker.ts'
import { commandSender } from './commands.ts'

let upstream: Upstream
beforeAll(async () => {
  upstream = await Upstream.listen()
  // The first request of a process takes longer than the timeout in these tests.
  await commandSender(new Telnyx({ apiKey: 'KEY-test', baseURL: upstream.url }), { timeoutMs: 10_000 }).send(
    'v3:x',
    'gather',
    {},
  )
})
afterAll(() => upstream.close())

/** Creates a command sender with a virtual clock, and an upstream that replies with the given behaviours. */
function senderOver(behaviours: readonly UpstreamReply[]) {
  let clock = 0
  const slept: number[] = []
  upstream.replies.splice(0, Number.POSITIVE_INFINITY, ...behaviours)
  upstream.received.length = 0
  const sender = commandSender(new Telnyx({ apiKey: 'KEY-test', baseURL: upstream.url, logLevel: 'off' }), {
    timeoutMs: 400,
    now: () => clock,
    random: () => 0.5,
    sleep: async (ms) => {
      slept.push(ms)
      clock += ms
    },
  })
  return { sender, slept, pass: (ms: number) => (clock += ms) }
}

const body = { command_id: 'c' }
const refused = (status: number, code = '10015'): UpstreamReply => ({
  status,
  body: { errors: [{ code, title: 'No' }] },
})

describe('sending a command', () => {
  it('sends a command once when Telnyx answers the first attempt', async () => {
    const { sender } = senderOver([{}])
    expect(await sender.send('v3:x', 'gather', body)).toEqual({ status: 'accepted', data: { result: 'ok' } })
    expect(upstream.received).toHaveLength(1)
  })

  it('reports a Telnyx refusal that another copy of the SDK throws, and does not retry the command', async () => {
    const error = Object.assign(new Error('422'), {
      status: 422,
      headers: new Headers(),
      error: { errors: [{ code: '90018', title: 'Call has already ended' }] },
    })
    const calls: string[] = []
    const post = async (path: string) => {
      calls.push(path)
      throw error
    }
    const client = { apiKey: null, post, get: post, calls: { retrieveStatus: post } }
    const answer = await commandSender(client, { timeoutMs: 400 }).send('v3:x', 'gather', body)
    expect(answer).toMatchObject({ status: 'refused', httpStatus: 422, errors: [{ code: '90018' }] })
    expect(calls).toHaveLength(1)
  })

  const recovered: Record<string, UpstreamReply> = {
    'a lost answer': { hangUp: true },
    'a late answer': { delayMs: 700 },
    'a server error': { status: 500, body: {} },
    'an incomplete answer': { status: 503, body: 'half' },
  }
  for (const [name, behaviour] of Object.entries(recovered)) {
    it(`retries the identical command after ${name} from Telnyx`, async () => {
      const { sender } = senderOver([behaviour, {}])
      expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'accepted' })
      expect(upstream.received.map(({ body }) => body)).toEqual([body, body])
    })
  }

  it('reports the outcome of a command as unknown after three failed attempts', async () => {
    const { sender } = senderOver([{ hangUp: true }, { status: 500, body: {} }, { hangUp: true }, {}])
    expect(await sender.send('v3:x', 'gather', body)).toEqual({ status: 'unknown', reason: 'connection_lost' })
    expect(upstream.received).toHaveLength(3)
  })

  it('does not retry a command that Telnyx refused', async () => {
    const { sender } = senderOver([refused(422, '90034')])
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'refused', httpStatus: 422 })
    expect(upstream.received).toHaveLength(1)
  })

  it('reports the outcome of a command as unknown when an answer was lost and the retries were rate limited', async () => {
    const { sender } = senderOver([{ hangUp: true }, refused(429), refused(429)])
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'unknown' })
  })

  const refusals: [name: string, behaviour: UpstreamReply][] = [
    ['"call has ended"', refused(422, '90018')],
    ['"unknown call"', refused(422, '90015')],
    ['a conflict', refused(409)],
    ['"invalid API key"', refused(401, '10009')],
    ['a validation error', refused(422, '10033')],
  ]
  const losses: [name: string, behaviour: UpstreamReply][] = [
    ['the connection was lost', { hangUp: true }],
    ['the answer came too late', { delayMs: 700 }],
    ['Telnyx failed', { status: 502, body: {} }],
    ['the request timed out at Telnyx', { status: 408, body: {} }],
    ['a proxy answered with an HTML page', { body: '<html>' }],
    ['the body of the answer stalled', { stalls: true }],
  ]
  for (const [loss, lost] of losses) {
    for (const [refusal, refusedAs] of refusals) {
      it(`reports the outcome of a command as unknown when ${loss} and Telnyx answers the retry with ${refusal}`, async () => {
        const { sender } = senderOver([lost, refusedAs, {}])
        const answer = await sender.send('v3:x', 'gather', body)
        expect(answer).toMatchObject({ status: 'unknown', refusal: [{ title: 'No' }] })
        expect(upstream.received).toHaveLength(2)
      })
    }
  }

  it('reports the outcome of a command as unknown when an attempt between two refusals was lost', async () => {
    const { sender } = senderOver([refused(429), { hangUp: true }, refused(422, '90018')])
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'unknown', reason: 'connection_lost' })
  })

  it('reports a stop command as refused when its answer was lost and Telnyx says that the call has ended', async () => {
    const { sender } = senderOver([{ hangUp: true }, refused(422, '90018')])
    expect(await sender.send('v3:x', 'gather_stop', body)).toMatchObject({ status: 'refused', httpStatus: 422 })
  })

  it('the command sender follows no redirect, which would leak the API key and the command to another host', async () => {
    const elsewhere = await Upstream.listen()
    for (const status of [301, 302, 303, 307, 308]) {
      const { sender } = senderOver([{ status, headers: { location: `${elsewhere.url}/calls/v3:x/actions/gather` } }])
      expect(await sender.send('v3:x', 'gather', body)).toEqual({ status: 'unknown', reason: 'redirected' })
      expect(upstream.received).toHaveLength(1)
    }
    expect(elsewhere.received).toEqual([])
    await elsewhere.close()
  })

  it('waits before a retry as long as Telnyx’s Retry-After asks, up to five seconds', async () => {
    const { sender, slept } = senderOver([{ ...refused(429), headers: { 'retry-after': '3600' } }, {}])
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'accepted' })
    expect(slept).toEqual([5000])
  })

  it('sends a command at most three times, within 45 seconds', async () => {
    const behaviour = fc.constantFrom<UpstreamReply>(
      {},
      { hangUp: true },
      { status: 500, body: {} },
      refused(429),
      refused(422),
      {
        ...refused(429),
        headers: { 'retry-after': '100' },
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 4 }), async (behaviours) => {
        const { sender, slept } = senderOver(behaviours)
        const answer = await sender.send('v3:x', 'gather', body)
        expect(['accepted', 'refused', 'unknown']).toContain(answer.status)
        const made = behaviours.slice(0, upstream.received.length)
        const isLost = made.some(({ hangUp, status = 200 }) => hangUp === true || status >= 500)
        if (isLost) expect(answer.status).not.toBe('refused')
        expect(upstream.received.length).toBeLessThanOrEqual(3)
        expect(slept.reduce((sum, each) => sum + each, 0)).toBeLessThan(45_000)
        expect(new Set(upstream.received.map(({ body }) => JSON.stringify(body))).size).toBe(1)
      }),
      { numRuns: 60 },
    )
  })

  it('refuses commands after five failures, sends a trial after five seconds, and always sends stop commands', async () => {
    const { sender, pass } = senderOver(Array.from({ length: 6 }, () => ({ status: 500, body: {} })))
    await sender.send('v3:x', 'gather', body)
    await sender.send('v3:x', 'gather', body)
    expect(sender.isOpen()).toBe(true)
    const before = upstream.received.length
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'refused', httpStatus: 503 })
    expect(upstream.received).toHaveLength(before)
    expect(await sender.send('v3:x', 'gather_stop', body)).toMatchObject({ status: 'accepted' })
    pass(5_001)
    expect(await sender.send('v3:x', 'gather', body)).toMatchObject({ status: 'accepted' })
    expect(sender.isOpen()).toBe(false)
  })
})

describe('a breaker', () => {
  it('a circuit breaker starts a trial although the clock was set back during its cooldown', () => {
    let clock = 3_600_000
    const breaker = new Breaker({ maxFailures: 1, cooldownMs: 100, now: () => clock })
    breaker.recordFailure()
    expect(breaker.tryPass()).toBe(false)
    clock = 0
    expect(breaker.tryPass()).toBe(true)
  })

  it('a circuit breaker runs one trial at a time', () => {
    let clock = 0
    const breaker = new Breaker({ maxFailures: 2, cooldownMs: 100, now: () => clock })
    breaker.recordFailure()
    expect(breaker.tryPass()).toBe(true)
    breaker.recordFailure()
    expect(breaker.tryPass()).toBe(false)
    clock = 100
    expect([breaker.tryPass(), breaker.tryPass()]).toEqual([true, false])
    breaker.recordFailure()
    expect(breaker.tryPass()).toBe(false)
    clock = 200
    expect(breaker.tryPass()).toBe(true)
    breaker.recordSuccess()
    expect([breaker.tryPass(), breaker.tryPass(), breaker.isOpen]).toEqual([true, true, false])
  })
})
