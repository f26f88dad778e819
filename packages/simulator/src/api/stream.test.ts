/** Tests `GET /_sim/stream` and `GET /_sim/log` over a real socket, as the phone and events pages read them. */
import { describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../index.ts'

/** Reads server-sent events until `enough` returns true. */
async function listen(
  sim: Simulator,
  query: string,
  enough: (types: string[]) => boolean,
  meanwhile: () => Promise<unknown>,
) {
  const abort = new AbortController()
  const response = await fetch(`${sim.url.replace('/v2', '')}/_sim/stream${query}`, { signal: abort.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const events: { type: string; data: Record<string, unknown> }[] = []
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const doing = meanwhile()
  for (let rest = ''; reader && !enough(events.map(({ type }) => type)); ) {
    const { done, value } = await reader.read()
    if (done) break
    rest += value
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, type = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (type !== '') events.push({ type, data: JSON.parse(data) })
    }
  }
  const result = await doing
  abort.abort()
  return { events, result }
}

describe('the event stream', () => {
  it('the event stream sends a hello event with the current calls, then all activity', async () => {
    await using sim = await createSimulator()
    const before = await sim.phone.dial()
    const { events } = await listen(
      sim,
      '',
      (types) => types.includes('key'),
      async () => {
        const { fetch: api, url } = sim
        const post = (command: string, body: unknown) =>
          api(`${url}/calls/${before.id}/actions/${command}`, {
            method: 'POST',
            headers: { authorization: 'Bearer K' },
            body: JSON.stringify(body),
          })
        await post('answer', {})
        await post('gather_using_speak', { payload: 'PIN?', voice: 'female' })
        await before.press('7')
      },
    )
    expect(events[0]).toMatchObject({ type: 'hello', data: { calls: [{ id: before.id, state: 'ringing' }] } })
    const types = events.map(({ type }) => type)
    for (const type of ['webhook', 'command', 'call.updated', 'prompt.started', 'key']) expect(types).toContain(type)
    const asked = events.findLast(({ type }) => type === 'call.updated')
    expect(asked?.data.call).toMatchObject({ collecting: { kind: 'digits', command: 'gather_using_speak' } })
  })

  it('an outgoing call rings at an event stream with role=phone instead of at the simulated callee', async () => {
    await using sim = await createSimulator()
    const origin = sim.url.replace('/v2', '')
    const post = (path: string, body: unknown = {}) =>
      fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer K' },
        body: JSON.stringify(body),
      }).then((response) => response.json())
    const { result } = await listen(
      sim,
      '?role=phone',
      (types) => types.filter((type) => type === 'webhook').length >= 2,
      async () => {
        const { data } = (await post('/v2/calls', { to: '+15551', from: '+15552', connection_id: '1' })) as {
          data: { call_control_id: string }
        }
        expect(sim.calls()[0]?.state).toBe('ringing')
        return post(`/_sim/calls/${encodeURIComponent(data.call_control_id)}/answer`)
      },
    )
    expect(result).toMatchObject({ data: { state: 'answered', direction: 'outgoing' } })
  })
})

describe('the activity log', () => {
  const log = async (sim: Simulator, query = '') => {
    const response = await fetch(`${sim.url.replace('/v2', '')}/_sim/log${query}`)
    const { data, meta } = (await response.json()) as { data: { type: string; digit?: string }[]; meta: unknown }
    return { status: response.status, data, meta }
  }

  it('the activity log contains all activity from before an event stream starts', async () => {
    await using sim = await createSimulator({ settings: { delivery: { historySize: 4 } } })
    const caller = await sim.phone.dial()
    await sim.fetch(`${sim.url}/calls/${caller.id}/actions/answer`, {
      method: 'POST',
      headers: { authorization: 'Bearer K' },
      body: '{}',
    })
    await caller.press('1')
    const whole = await log(sim)
    expect(whole.data.map(({ type }) => type).slice(-2)).toEqual(['key', 'webhook'])
    await caller.press('2')
    const { events } = await listen(
      sim,
      '',
      (types) => types.includes('key'),
      () => caller.press('3'),
    )
    const { logged } = events[0]?.data ?? {}
    const before = await log(sim, `?until=${String(logged)}`)
    expect(before.data.findLast(({ type }) => type === 'key')).toMatchObject({ digit: '2' })
    expect(events.find(({ type }) => type === 'key')?.data).toMatchObject({ digit: '3' })
  })

  it('limits the activity log to historySize entries and rejects an invalid limit parameter with 422', async () => {
    await using sim = await createSimulator({ settings: { delivery: { historySize: 4 } } })
    for (let index = 0; index < 20; index += 1) await sim.phone.dial()
    const kept = await log(sim, '?limit=1000')
    expect(kept.data).toHaveLength(4)
    expect(kept.meta).toEqual({ logged: 20 })
    expect((await log(sim, '?until=3')).data).toEqual([])
    expect((await log(sim, '?limit=2')).data).toHaveLength(2)
    expect((await log(sim, '?limit=many')).status).toBe(422)
  })
})
