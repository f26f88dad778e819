import { describe, expect, it } from 'vitest'
import { createSimulator } from '../index.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'
import { measure } from './encoding.ts'

const FROM = '+15550199'
const TO = '+15550100'

describe('text messages', () => {
  it('queues a message, then delivers it with the signed webhooks message.sent and message.finalized', async () => {
    await using test = await testSimulator()
    const { client, clock, received } = test
    const { data: queued } = await client.messages.send({ from: FROM, to: TO, text: 'Your table is ready.' })
    expect(queued).toMatchObject({
      record_type: 'message',
      direction: 'outbound',
      type: 'SMS',
      from: { phone_number: FROM },
      to: [{ phone_number: TO, status: 'queued' }],
      text: 'Your table is ready.',
      encoding: 'GSM-7',
      parts: 1,
      sent_at: null,
      completed_at: null,
      errors: [],
    })
    await clock.advance(2000)
    expect(received.map(({ event }) => event.event_type)).toEqual(['message.sent', 'message.finalized'])
    expect(received[1]?.event.payload).toMatchObject({ id: queued?.id, to: [{ status: 'delivered' }] })
    expect(received[1]?.event.payload.completed_at).toMatch(/^\d{4}-\d\d-\d\dT.*\+00:00$/)
    const { data: stored } = await client.messages.retrieve(queued?.id ?? '')
    expect(stored).toMatchObject({ id: queued?.id, to: [{ status: 'delivered' }] })
  })

  it('sends an MMS with media_urls and without text', async () => {
    await using test = await testSimulator()
    const media_urls = ['https://example.com/cat.jpg']
    const { data } = await test.client.messages.send({ from: FROM, to: TO, media_urls })
    expect(data).toMatchObject({ type: 'MMS', text: '', media: [{ url: media_urls[0] }] })
  })

  it('delivers a reply of a phone to the application as message.received', async () => {
    await using test = await testSimulator()
    const message = test.sim.phone.text({ from: TO, to: FROM, text: 'Yes please' })
    await test.clock.settle()
    expect(test.received).toHaveLength(1)
    expect(test.received[0]?.event).toMatchObject({
      event_type: 'message.received',
      payload: {
        id: message.id,
        direction: 'inbound',
        from: { phone_number: TO },
        to: [{ phone_number: FROM }],
        text: 'Yes please',
      },
    })
  })

  it.each([
    [{ from: FROM, to: '5550100-22', text: 'a' }, 400, '40310', '/to'],
    [{ from: FROM, to: FROM, text: 'a' }, 400, '40310', '/to'],
    [{ from: 'a@example.com', to: TO, text: 'a' }, 400, '40305', '/from'],
    [{ from: 'ACME', to: TO, text: 'a' }, 400, '40305', '/from'],
    [{ to: TO, text: 'a' }, 400, '40305', '/from'],
    [{ from: FROM, to: TO }, 400, '40316', '/text'],
    [{ from: FROM, to: TO, text: 'Σ漢', encoding: 'gsm7' as const }, 400, '10015', '/encoding'],
    [{ from: FROM, text: 'a' }, 422, '10004', '/to'],
    [{ from: FROM, to: TO, text: 1 }, 422, '10026', '/text'],
  ])('refuses the message %j with %i and code %s at %s', async (body, status, code, pointer) => {
    await using test = await testSimulator()
    const sending = test.client.messages.send(body as Parameters<typeof test.client.messages.send>[0])
    await expect(sending).rejects.toMatchObject({ status, error: { errors: [{ code, source: { pointer } }] } })
    await test.clock.advance(5000)
    expect(test.received).toEqual([])
  })

  it('accepts an alphanumeric sender, and a number pool, with a messaging profile', async () => {
    await using test = await testSimulator()
    const messaging_profile_id = '4001740c-1ac3-4bcb-b1c4-0c6e6d2d8b1a'
    const { data: named } = await test.client.messages.send({ from: 'ACME', to: TO, text: 'a', messaging_profile_id })
    expect(named).toMatchObject({ from: { phone_number: 'ACME' }, messaging_profile_id })
    const { data: pooled } = await test.client.messages.send({ to: TO, text: 'a', messaging_profile_id })
    expect(pooled?.from?.phone_number).toBe(FROM)
  })

  it('reports messages to a number with a failing outcome as failed, with an error', async () => {
    await using test = await testSimulator({
      settings: { messaging: { outcomes: { '+15550111': 'delivery_failed', '+15550112': 'sending_failed' } } },
    })
    await test.client.messages.send({ from: FROM, to: '+15550111', text: 'a' })
    await test.client.messages.send({ from: FROM, to: '+15550112', text: 'a' })
    await test.clock.advance(5000)
    const statuses = test.received.map(({ event: { event_type, payload } }) => [
      event_type,
      (payload.to as { phone_number: string; status: string }[])[0]?.status,
      (payload.errors as unknown[]).length,
    ])
    expect(statuses).toEqual([
      ['message.sent', 'sent', 0],
      ['message.finalized', 'sending_failed', 1],
      ['message.finalized', 'delivery_failed', 1],
    ])
  })

  it('sends a message at its send_at time', async () => {
    await using test = await testSimulator()
    const send_at = new Date(test.clock.now() + 60_000).toISOString()
    await test.client.messages.send({ from: FROM, to: TO, text: 'later', send_at })
    await test.clock.advance(59_000)
    expect(test.received).toEqual([])
    await test.clock.advance(5000)
    expect(test.received).toHaveLength(2)
  })

  it('sends message webhooks to the URL of the message, then to messageWebhookUrl, then to webhookUrl', async () => {
    await using sim = await createSimulator({
      webhookUrl: 'http://127.0.0.1:9/voice',
      messageWebhookUrl: 'http://127.0.0.1:9/sms',
    })
    const post = (body: Record<string, string>) =>
      sim.fetch(`${sim.url}/messages`, {
        method: 'POST',
        headers: { authorization: 'Bearer KEY' },
        body: JSON.stringify({ from: FROM, to: TO, text: 'a', ...body }),
      })
    await post({})
    await post({ webhook_url: 'http://127.0.0.1:9/own' })
    await expect
      .poll(() => sim.deliveries().map(({ url }) => url))
      .toEqual(['http://127.0.0.1:9/sms', 'http://127.0.0.1:9/own'])
    expect(sim.deliveries().every(({ call_control_id }) => call_control_id === null)).toBe(true)
    await using other = await createSimulator({ webhookUrl: 'http://127.0.0.1:9/voice' })
    other.phone.text({ text: 'a' })
    expect(other.deliveries().map(({ url }) => url)).toEqual(['http://127.0.0.1:9/voice'])
  })

  it('lists the messages of one number only at /_sim/messages', async () => {
    await using test = await testSimulator()
    const { sim, client } = test
    const url = `${sim.url.replace('/v2', '')}/_sim/messages`
    await client.messages.send({ from: FROM, to: TO, text: 'one' })
    await client.messages.send({ from: FROM, to: '+15550111', text: 'two' })
    const posted = await sim.fetch(url, { method: 'POST', body: JSON.stringify({ from: TO, text: 'three' }) })
    expect(posted.status).toBe(201)
    const read = async (query: string) => {
      const { data } = (await (await sim.fetch(`${url}${query}`)).json()) as { data: { text: string }[] }
      return data.map(({ text }) => text)
    }
    expect(await read(`?number=${encodeURIComponent(TO)}`)).toEqual(['one', 'three'])
    expect(await read(`?number=${encodeURIComponent('+15550111')}`)).toEqual(['two'])
    expect(await read('')).toEqual(['one', 'two', 'three'])
    expect((await sim.fetch(url, { method: 'POST', body: '{}' })).status).toBe(422)
  })

  it('gives messages and their webhooks the same ids under the same seed', async () => {
    const run = async () => {
      await using test = await testSimulator({ seed: 'messages' })
      await test.client.messages.send({ from: FROM, to: TO, text: 'a' })
      test.sim.phone.text({ text: 'b' })
      await test.clock.advance(5000)
      return test.emitted.map(({ id, event_type, payload }) => [id, event_type, payload.id])
    }
    expect(await run()).toEqual(await run())
  })

  it.each([
    ['a'.repeat(160), 'GSM-7', 1],
    ['a'.repeat(161), 'GSM-7', 2],
    ['€'.repeat(81), 'GSM-7', 2],
    ['漢'.repeat(70), 'UCS-2', 1],
    ['漢'.repeat(71), 'UCS-2', 2],
  ])('measures %j as %s in %i parts', (text, encoding, parts) => {
    expect(measure(text)).toEqual({ encoding, parts })
  })
})
