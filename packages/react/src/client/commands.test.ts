import {
  GatherError,
  LABEL_HEADER,
  MASK_HEADER,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  REPLACE_HEADER,
} from '@callgather/protocol'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createCommandSender, createWrapUpSaver, isOutcomeUnknown, newRequestId } from './commands.ts'
import { Tickets } from './tickets.ts'

type Answer = Response | Error | 'never'

function senderWithAnswers(...answers: Answer[]) {
  const clock = new VirtualClock(0)
  const requests: Request[] = []
  let ticket = 0
  const deps: Parameters<typeof createCommandSender>[0] = {
    base: 'https://calls.example.com/callgather',
    tickets: new Tickets(() => `t${++ticket}`, clock),
    clock,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      requests.push(request)
      const answer = answers.shift() ?? new Error('No answer is scripted.')
      if (answer instanceof Error) throw answer
      if (answer !== 'never') return answer
      return new Promise((_, reject) => {
        if (request.signal.aborted) reject(new DOMException('Aborted', 'AbortError'))
        request.signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')))
      })
    },
  }
  return { send: createCommandSender(deps), saveWrapUp: createWrapUpSaver(deps), requests, clock }
}

const uuid = '0e37df92-69d3-4b6b-ad1d-6e6b5a1b2c3d'
const ok = () => Response.json({ data: { result: 'ok', conversation_id: 'c-1' } })
const error = (status: number, code: string, title: string) =>
  Response.json({ errors: [{ code, title, detail: 'Because.' }] }, { status })

describe('the command sender', () => {
  it('the command sender posts to Telnyx’s path with the ticket and one id as idempotency key and command id', async () => {
    const { send, requests } = senderWithAnswers(ok())
    const accepted = await send('v3:a/b', 'gather', { maximum_digits: 4 }, { requestId: uuid })
    expect(accepted).toEqual({ status: 'accepted', commandId: uuid, conversationId: 'c-1' })
    const [request] = requests
    expect(request?.url).toBe('https://calls.example.com/callgather/v2/calls/v3%3Aa%2Fb/actions/gather')
    expect(request?.method).toBe('POST')
    expect(request?.headers.get('authorization')).toBe('Bearer t1')
    expect(request?.headers.get('idempotency-key')).toBe(uuid)
    expect(await request?.json()).toEqual({ maximum_digits: 4, command_id: uuid })
  })

  it('the command sender returns the server’s command id when the request id is not a UUID', async () => {
    const { send, requests } = senderWithAnswers(
      Response.json({ data: { result: 'ok' } }, { headers: { 'x-command-id': 'of-the-server' } }),
    )
    const { commandId } = await send('c', 'gather', {}, { requestId: 'order 66' })
    expect(commandId).toBe('of-the-server')
    expect(await requests[0]?.json()).toEqual({})
  })

  it('newRequestId returns a new UUID each time, also on pages without TLS', () => {
    const { randomUUID } = crypto
    const ids = [newRequestId(), newRequestId()]
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true })
    ids.push(newRequestId(), newRequestId())
    Object.defineProperty(crypto, 'randomUUID', { value: randomUUID, configurable: true })
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('the command sender sends the protocol version, and the mask and `replace` headers if given', async () => {
    const { send, requests } = senderWithAnswers(ok(), ok())
    await send('c', 'gather', {})
    await send('c', 'gather', {}, { mask: 'all', replace: true })
    const headers = (name: string) => requests.map((request) => request.headers.get(name))
    expect(headers(PROTOCOL_HEADER)).toEqual([String(PROTOCOL_VERSION), String(PROTOCOL_VERSION)])
    expect(headers(MASK_HEADER)).toEqual([null, 'all'])
    expect(headers(REPLACE_HEADER)).toEqual([null, 'true'])
  })

  it.each([
    ['cuts a label before an emoji that does not fit', `${'x'.repeat(59)}😀`, 'x'.repeat(59)],
    ['replaces control characters in a label', 'Account\nnumber\u0007', 'Account number'],
    ['keeps the emoji of a label', 'Größe 😀', 'Größe 😀'],
    ['omits a blank label', ' \t ', null],
  ])('the command sender %s', async (_, label, sent) => {
    const { send, requests } = senderWithAnswers(ok())
    await send('c', 'gather', {}, { label })
    const header = requests[0]?.headers.get(LABEL_HEADER) ?? null
    expect(header && decodeURIComponent(header)).toBe(sent)
  })

  it('the command sender keeps a command id from the body', async () => {
    const { send, requests } = senderWithAnswers(ok())
    const { commandId } = await send('c', 'gather_stop', { command_id: 'mine' }, { requestId: 'r-1' })
    expect(commandId).toBe('mine')
    expect(await requests[0]?.json()).toEqual({ command_id: 'mine' })
  })

  it('the command sender rejects with Telnyx’s errors when Telnyx refuses the command', async () => {
    const { send } = senderWithAnswers(error(422, '90018', 'Call has already ended'))
    const failed = await send('c', 'gather', {}).catch((reason: unknown) => reason)
    expect(GatherError.isInstance(failed)).toBe(true)
    expect(failed).toMatchObject({ status: 422, errors: [{ code: '90018', title: 'Call has already ended' }] })
    expect(isOutcomeUnknown(failed)).toBe(false)
  })

  it('the command sender retries once with a fresh ticket and the same request id after a 401', async () => {
    const { send, requests } = senderWithAnswers(error(401, '10009', 'Authentication failed'), ok())
    await send('c', 'gather', {}, { requestId: 'r-1' })
    expect(requests.map((request) => request.headers.get('authorization'))).toEqual(['Bearer t1', 'Bearer t2'])
    expect(requests.map((request) => request.headers.get('idempotency-key'))).toEqual(['r-1', 'r-1'])
  })

  it.each([
    ['the network fails', new TypeError('Failed to fetch')],
    ['the server answers 504', error(504, '10007', 'Outcome unknown')],
    ['a sign-in page answers instead', new Response('<!doctype html><title>Sign in</title>')],
    ['a proxy answers 502', new Response('<html>502 Bad Gateway</html>', { status: 502 })],
  ])('the command sender reports an unknown outcome when %s', async (_, answer) => {
    const { send, requests } = senderWithAnswers(answer)
    const failed = await send('c', 'gather', {}).catch((reason: unknown) => reason)
    expect(isOutcomeUnknown(failed)).toBe(true)
    expect(requests).toHaveLength(1)
  })

  it('the command sender reports an unknown outcome when the server does not answer within 50 s', async () => {
    const { send, clock } = senderWithAnswers('never')
    const failed = send('c', 'gather', {}).catch((reason: unknown) => reason)
    await clock.advanceTo(49_000)
    await clock.advanceTo(51_000)
    expect(isOutcomeUnknown(await failed)).toBe(true)
  })

  it('the command sender rejects with the abort reason of the signal', async () => {
    const { send } = senderWithAnswers('never')
    const abort = new AbortController()
    const failed = send('c', 'gather', {}, { signal: abort.signal }).catch((reason: unknown) => reason)
    abort.abort(new Error('left the page'))
    expect(await failed).toEqual(new Error('left the page'))
  })

  it('the command sender suggests checking `url` when the response is not in Telnyx’s format', async () => {
    const { send } = senderWithAnswers(new Response('Not found', { status: 404 }))
    await expect(send('c', 'gather', {})).rejects.toThrow(/Check `url` and `basePath`/)
  })
})

describe('the wrap-up saver', () => {
  it('posts the note and the disposition with the ticket, and nothing else', async () => {
    const { saveWrapUp, requests } = senderWithAnswers(Response.json({ data: { result: 'ok' } }))
    const wrapUp = { note: 'Call back', disposition: 'callback', from: '+15550001111' }
    await saveWrapUp('v3:a/b', wrapUp)
    expect(requests[0]?.url).toBe('https://calls.example.com/callgather/calls/v3%3Aa%2Fb/wrap-up')
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer t1')
    expect(await requests[0]?.json()).toEqual({ note: 'Call back', disposition: 'callback' })
  })

  it('rejects with the error of the server', async () => {
    const { saveWrapUp } = senderWithAnswers(error(422, '10027', 'Unprocessable Entity'))
    await expect(saveWrapUp('v3:a', { note: '', disposition: null })).rejects.toMatchObject({ status: 422 })
  })
})
