import Telnyx from 'telnyx'
import { describe, expect, it } from 'vitest'
import { createSimulator, virtualClock, type WebhookEvent } from '../index.ts'

/** Creates an in-process receiver that verifies webhooks with the official SDK and stores them. */
function receiver() {
  const got: { event: WebhookEvent; meta: { attempt: number } }[] = []
  const inbox = {
    got,
    types: () => got.map(({ event }) => event.event_type),
    publicKey: '',
    handler: async (request: Request) => {
      const body = await request.text()
      const client = new Telnyx({ apiKey: 'KEY', publicKey: inbox.publicKey })
      await client.webhooks.unwrap(body, { headers: Object.fromEntries(request.headers) })
      const parsed = JSON.parse(body)
      got.push({ event: parsed.data, meta: parsed.meta })
      return new Response('ok')
    },
  }
  return inbox
}

describe('in-process simulator', () => {
  it('the in-process simulator runs a PIN gather with webhooks that the official SDK verifies', async () => {
    const inbox = receiver()
    await using sim = await createSimulator({ webhookUrl: inbox.handler, clock: virtualClock() })
    inbox.publicKey = sim.publicKey
    const client = new Telnyx({ apiKey: 'KEY', baseURL: sim.url, fetch: sim.fetch })
    const caller = await sim.phone.dial()
    await client.calls.actions.answer(caller.id, {})
    const answer = await client.calls.actions.gatherUsingSpeak(caller.id, {
      payload: 'Please enter your PIN.',
      voice: 'female',
      maximum_digits: 4,
      client_state: 'cGlu',
    })
    expect(answer).toEqual({ data: { result: 'ok' } })
    await caller.press('55')
    await caller.press('03')
    await caller.hangUp()
    await sim.clock?.settle()
    // Compare the emitted events, because webhooks can arrive in another order, as with Telnyx.
    const emitted = sim.deliveries().map(({ event }) => event.event_type)
    expect(inbox.types().toSorted()).toEqual(emitted.toSorted())
    expect(emitted).toEqual([
      'call.initiated',
      'call.answered',
      'call.dtmf.received',
      'call.dtmf.received',
      'call.dtmf.received',
      'call.dtmf.received',
      'call.gather.ended',
      'call.hangup',
    ])
    const ended = inbox.got.find(({ event }) => event.event_type === 'call.gather.ended')
    expect(ended?.event.payload).toMatchObject({ digits: '5503', status: 'valid', client_state: 'cGlu' })
  })
})
