/**
 * Sends unique numbers and words to the server on every path of caller input, then searches all outputs for them in many
 * encodings. The search itself is tested: when any mask is switched off, it must find them.
 */
import { randomInt, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { context, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { pino } from 'pino'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SensitiveInput } from '../ingest/ingest.ts'
import { CALL, SECRET } from '../testing/server.ts'

/** A card number with a valid check digit, and unique words. */
function makeCanaries() {
  const body = `4${Array.from({ length: 14 }, () => randomInt(10)).join('')}`
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  const card = body + String((10 - (sum % 10)) % 10)
  const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
  const words = [...card].map((digit) => names[Number(digit)]).join(' ')
  return { card, words, name: `Qanary${randomInt(1e9)}` }
}
type Canaries = ReturnType<typeof makeCanaries>

/** Returns every encoding in which the search looks for a text. */
function spellings(text: string): string[] {
  const grouped = (separator: string) => text.match(/.{1,4}/g)?.join(separator) ?? text
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + text).toString('base64')
    // The first and last characters depend on the neighbouring text.
    return encoded.slice(shift === 0 ? 0 : 4, -4)
  })
  const wide = [...text].map((char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0)).join('')
  return [
    text,
    grouped(' '),
    grouped('-'),
    [...text].join(' '),
    [...text].join(','),
    [...text].reverse().join(''),
    ...base64,
    Buffer.from(text).toString('hex'),
    Buffer.from(text, 'utf16le').toString('latin1'),
    encodeURIComponent(text),
    wide,
  ]
}

/** The server has received every webhook of a call that begins this long after the server's start. */
const KNOWN_FROM_START_MS = 300_000

/** The output of the server by channel, such as `log` or `socket`. */
type Sinks = Record<string, string>

/** Sends the canaries to a server on every path of sensitive input. Returns all outputs and the `onSensitive` inputs. */
async function exposed({ card, words, name }: Canaries): Promise<{ sinks: Sinks; handed: SensitiveInput[] }> {
  const { testServer, watch } = await import('../testing/server.ts')
  const { sqliteStore } = await import('../store/sqlite/sqlite-store.ts')
  const { RECORD_SECRET, recordReceiver } = await import('../testing/record-receiver.ts')
  const folder = mkdtempSync(join(tmpdir(), 'callgather-canary-'))
  const store = sqliteStore({ path: join(folder, 'calls.db') })
  const sinks: Sinks = {}
  const put = (sink: string, text: string) => {
    sinks[sink] = `${sinks[sink] ?? ''}\n${text}`
  }
  const stream = new Writable({
    write(chunk, _, done) {
      put('log', String(chunk))
      done()
    },
  })
  const handed: SensitiveInput[] = []
  const signer = new Signer()
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()

  await using receiver = await recordReceiver()
  {
    await using server = await testServer({
      store,
      records: { url: receiver.url, secret: RECORD_SECRET, wrapUpTimeoutMs: 100, allowPrivateUrl: true },
      telnyx: { publicKey: signer.publicKey, apiKey: 'KEY-test', connectionIds: ['1'] },
      logger: pino({ level: 'trace' }, stream),
      policy: { mask: ({ command }) => (command === 'ai_assistant_start' ? undefined : 'digits') },
      audit: { sink: (line) => put('audit', JSON.stringify(line)) },
      onSensitive: (input) => {
        handed.push(input)
        throw new Error(`a handler that quotes its input: ${JSON.stringify(input)}`)
      },
    })
    const send = async (type: string, payload: Record<string, unknown> = {}, id: string = randomUUID()) => {
      const answer = await server.post(signer.sign(webhookOf(type, { call_control_id: CALL, ...payload }, { id })))
      put('webhook answer', await answer.text())
    }
    const command = async (command: string, body: unknown) => {
      const { body: answer, headers } = await server.command(command, body)
      put('command answer', JSON.stringify([answer, [...headers]]))
      return server.upstream.received.at(-1)?.body.client_state
    }
    const history = (...contents: string[]) => ({
      message_history: contents.map((content, index) => ({ role: index % 2 ? 'user' : 'assistant', content })),
    })

    await send('call.initiated', { from: '+15550100', to: '+15550199' })
    await send('call.answered')
    const socket = await server.connect()
    socket.io.engine.on('packet', ({ data }) => put('socket', String(data)))
    await watch(socket)
    await socket.emitWithAck('calls:watch', {})

    // Send digits: each key press, a gather end that arrives before the last key, and a late key.
    let client_state = await command('gather_using_speak', { payload: 'Card?', voice: 'female', maximum_digits: 16 })
    for (const digit of card.slice(0, -2)) await send('call.dtmf.received', { digit, client_state })
    await send('call.gather.ended', { digits: card, status: 'valid', client_state }, 'end-of-digits')
    for (const digit of card.slice(-2))
      await send('call.dtmf.received', { digit, client_state: Buffer.from(card).toString('base64') })
    // Send a repeated event id with other digits, and signed bytes that are not an event.
    await send(
      'call.gather.ended',
      { digits: [...card].reverse().join(''), status: 'valid', client_state },
      'end-of-digits',
    )
    put('webhook answer', await (await server.post(signer.sign(Buffer.from(`{"data": {"digits": "${card}"`)))).text())

    // A valid event of another connection must not be stored.
    await send('call.gather.ended', { digits: card, status: 'valid', connection_id: 'another' })

    // Send words: partial results, histories, the result, transcriptions and insights.
    const parameters = { type: 'object', properties: { card: { type: 'string' } }, required: ['card'] }
    client_state = await command('gather_using_ai', {
      parameters,
      message_history: [{ role: 'user', content: `${words} ${card}` }],
    })
    await send('call.ai_gather.message_history_updated', {
      ...history('Card?', `${words} ${card} ${name}`),
      client_state,
    })
    await send('call.ai_gather.partial_results', {
      partial_results: { card, name },
      ...history('Card?', words),
      client_state,
    })
    await send('call.transcription', { transcription_data: { transcript: `${words} ${card} ${name}`, is_final: true } })
    await send('call.ai_gather.ended', {
      status: 'valid',
      result: { card, name },
      ...history('Card?', `${words} ${card}`),
      client_state,
    })
    await send('call.conversation_insights.generated', {
      results: [{ insight_id: 'i', result: { card, name } }],
      client_state,
    })
    await send('call.something.new', { digits: card, deep: { text: `${words} ${name}` } })
    await send('call.payment.progress', { expiry: card.slice(0, 4), postal_code: name, routing_number: card })

    // Send a whisper of an agent during the gather, and let Telnyx quote input in a refusal.
    await command('ai_assistant_add_messages', {
      messages: [{ role: 'system', content: `The card is ${card}, ${words}.` }],
    })
    const quoted = { code: '10015', title: 'Bad Request', detail: `"${card}" is not valid` }
    server.upstream.replies.push({ status: 400, body: { errors: [quoted] } })
    await command('gather_stop', {})
    // The error may name the field, but must not quote the number that is out of range.
    await command('gather_using_speak', { payload: card.repeat(200), voice: 'female' })

    const authorization = `Bearer ${await server.ticket()}`
    await send('call.hangup', { hangup_source: 'caller' })
    const wrapUp = await fetch(`${server.url}/calls/${CALL}/wrap-up`, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify({ note: 'Paid by card.', disposition: 'solved' }),
    })
    put('wrap-up answer', await wrapUp.text())
    await vi.waitFor(() => expect(receiver.bodies).toHaveLength(1), { timeout: 10_000 })
    put('record', receiver.bodies.join())
    for (const path of ['/calls', `/calls/${CALL}`, `/calls/${CALL}/events`, '/metrics', '/healthz', '/readyz']) {
      put('http', await (await fetch(server.url + path, { headers: { authorization } })).text())
    }
    const keys = (await store.read(CALL, 0))?.records.map(
      ({ event }) => (event.payload as { digit?: unknown }).digit ?? '',
    )
    put('keys of the log in a row', keys?.join('') ?? '')
    put('state', JSON.stringify(await server.gather.call(CALL).state()))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const spans = exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({
    ...{ name, attributes, status, events },
  }))
  put('spans', JSON.stringify(spans))
  for (const file of readdirSync(folder)) put('file', readFileSync(join(folder, file), 'latin1'))
  rmSync(folder, { recursive: true, force: true })
  return { sinks, handed }
}

/** Returns the outputs in which a canary was found, in any encoding. */
function leaks({ card, words, name }: Canaries, sinks: Sinks): string[] {
  const searched = [...spellings(card), ...spellings(words), ...spellings(name)]
  return Object.entries(sinks).flatMap(([sink, text]) =>
    searched.some((spelling) => text.includes(spelling)) ? [sink] : [],
  )
}

afterEach(() => {
  vi.doUnmock('../ingest/masking.ts')
  vi.doUnmock('../ingest/mask-content.ts')
  vi.resetModules()
  trace.disable()
  context.disable()
})

describe('masked input', () => {
  it('passes the input of a masked gather to `onSensitive` and to no other output', async () => {
    const canaries = makeCanaries()
    const { sinks, handed } = await exposed(canaries)
    expect(leaks(canaries, sinks)).toEqual([])
    expect(Object.keys(sinks).sort()).toEqual(
      [
        'audit',
        'command answer',
        'file',
        'http',
        'keys of the log in a row',
        'log',
        'record',
        'socket',
        'spans',
        'state',
        'webhook answer',
        'wrap-up answer',
      ].sort(),
    )
    expect(handed.map(({ digits, result }) => digits ?? result)).toEqual([
      canaries.card,
      { card: canaries.card, name: canaries.name },
    ])
  }, 30_000)

  const events = [
    'call.dtmf.received',
    'call.gather.ended',
    'call.ai_gather.message_history_updated',
    'call.ai_gather.partial_results',
    'call.ai_gather.ended',
    'call.transcription',
    'call.conversation_insights.generated',
    'call.something.new',
    'call.payment.progress',
  ]
  for (const event of events) {
    it(`the canary search finds masked input when ${event} is not masked`, async () => {
      vi.resetModules()
      vi.doMock('../ingest/mask-content.ts', async (original) => {
        const real = await original<typeof import('../ingest/mask-content.ts')>()
        return {
          ...real,
          maskWebhook: (...args: Parameters<typeof real.maskWebhook>) =>
            args[0].eventType === event ? args[0] : real.maskWebhook(...args),
        }
      })
      const canaries = makeCanaries()
      const { sinks } = await exposed(canaries)
      // A single key is not sensitive, but a sequence is.
      const where = event === 'call.dtmf.received' ? ['keys of the log in a row'] : ['socket', 'file', 'http']
      expect(leaks(canaries, sinks)).toEqual(expect.arrayContaining(where))
    }, 30_000)
  }

  const asItComes = (value: unknown) => value
  const mutants = [
    ['commands are logged unmasked', '../ingest/mask-content.ts', { maskBody: asItComes, maskMessages: asItComes }],
    ['the details of Telnyx’s errors are passed on unmasked', '../ingest/masking.ts', { openMask: () => undefined }],
    ['no webhook is masked', '../ingest/masking.ts', { maskOf: () => undefined }],
  ] as const
  for (const [what, file, mutant] of mutants) {
    it(`the canary search finds masked input when ${what}`, async () => {
      vi.resetModules()
      vi.doMock(file, async (original) => ({ ...(await original<object>()), ...mutant }))
      const canaries = makeCanaries()
      const { sinks } = await exposed(canaries)
      expect(leaks(canaries, sinks)).not.toEqual([])
    }, 30_000)
  }
})

describe('masked input after a restart', () => {
  it('hides a masked gather’s input after a restart with an empty store, with and without our mark', async () => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    const signer = new Signer()
    const options = {
      telnyx: { publicKey: signer.publicKey, apiKey: 'KEY-test' },
      tickets: { secret: SECRET },
      policy: { mask: 'digits' as const },
    }
    let client_state: unknown
    {
      await using before = await testServer({ ...options, store: memoryStore() })
      await before.post(signer.sign(webhookOf('call.answered', { call_control_id: CALL })))
      await before.command('gather', {})
      client_state = before.upstream.received[0]?.body.client_state
    }
    for (const state of [client_state, null, 'Z2FyYmFnZQ==']) {
      const store = memoryStore()
      await using after = await testServer({ ...options, store })
      await after.post(
        signer.sign(webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '7', client_state: state })),
      )
      await after.post(
        signer.sign(
          webhookOf('call.gather.ended', {
            call_control_id: CALL,
            digits: '7777',
            status: 'valid',
            client_state: state,
          }),
        ),
      )
      const events = (await store.read(CALL, 0))?.records.map(({ event }) => event.payload)
      expect(events).toEqual([{ digit: null }, { status: 'valid', digits: null, digit_count: 4 }])
    }
  })
})

describe('masks', () => {
  const shown = async (mask: 'digits' | 'allButLast4' | 'all', digits: string, header?: string) => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    const store = memoryStore()
    await using server = await testServer({ store, policy: { mask: mask } })
    await server.webhook('call.initiated')
    await server.command('gather', { maximum_digits: 20 }, header ? { 'callgather-mask': header } : {})
    const client_state = server.upstream.received[0]?.body.client_state
    await server.webhook('call.dtmf.received', { digit: digits[0], client_state })
    await server.webhook('call.dtmf.received', { digit: '#', client_state })
    await server.webhook('call.gather.ended', { digits, status: 'valid', client_state })
    const records = (await store.read(CALL, 0))?.records ?? []
    return records.filter(({ event }) => /dtmf|gather\.ended/.test(event.event_type)).map(({ event }) => event.payload)
  }

  it('shows the digit count and the terminating key with the mask `digits`', async () => {
    expect(await shown('digits', '4071')).toEqual([
      { digit: null },
      { digit: '#' },
      { status: 'valid', digits: null, digit_count: 4 },
    ])
  })

  it('shows the last four digits with the mask `allButLast4`, and only of long input', async () => {
    expect((await shown('allButLast4', '4111111111111111')).at(-1)).toEqual({
      status: 'valid',
      digits: null,
      digit_count: 16,
      last4: '1111',
    })
    expect((await shown('allButLast4', '4071')).at(-1)).toEqual({ status: 'valid', digits: null, digit_count: 4 })
  })

  it('the mask `all` hides even that the caller pressed a key', async () => {
    expect(await shown('all', '4071')).toEqual([{ status: 'valid', digits: null }])
  })

  it('accepts a stricter mask from an agent and ignores a weaker mask', async () => {
    expect(await shown('allButLast4', '4111111111111111', 'all')).toEqual([{ status: 'valid', digits: null }])
    expect((await shown('digits', '4111111111111111', 'allButLast4')).at(-1)).toEqual({
      status: 'valid',
      digits: null,
      digit_count: 16,
    })
  })

  it('stops masking half a minute after a masked gather ends and shows later keys', async () => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    const store = memoryStore()
    let now = Date.now()
    await using server = await testServer({
      store,
      now: () => now,
      policy: { mask: ({ body }) => ((body as { gather_id?: string }).gather_id === 'pin' ? 'digits' : undefined) },
    })
    const at = () => ({ at: new Date(now).toISOString() })
    await server.webhook('call.initiated', {}, at())
    await server.command('gather', { gather_id: 'pin' })
    const pin = server.upstream.received[0]?.body.client_state
    now += 1000
    await server.webhook('call.gather.ended', { digits: '12', status: 'valid', client_state: pin }, at())
    now += 29_000
    await server.webhook('call.dtmf.received', { digit: '1', client_state: pin }, at())
    now += 2_000
    await server.command('gather', {})
    const menu = server.upstream.received[1]?.body.client_state
    await server.webhook('call.dtmf.received', { digit: '2', client_state: menu }, at())
    const digits = (await store.read(CALL, 0))?.records.filter(({ event }) => event.event_type === 'call.dtmf.received')
    expect(digits?.map(({ event }) => event.payload)).toEqual([{ digit: null }, { digit: '2' }])
  })

  it('masks input on a leg that is bridged with the gathering leg', async () => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    const store = memoryStore()
    let now = Date.now()
    const at = () => ({ at: new Date(now).toISOString() })
    await using server = await testServer({
      store,
      now: () => now,
      toleranceSeconds: 3600,
      policy: { mask: 'digits' },
    })
    const other = 'v3:the-agents-leg-00000'
    now += KNOWN_FROM_START_MS
    await server.webhook('call.initiated', {}, at())
    await server.webhook('call.initiated', { call_control_id: other }, at())
    const apartFrom = { call_control_id: 'v3:another-session-00', call_session_id: 'other' }
    await server.webhook('call.initiated', apartFrom, at())
    await server.command('gather', {})
    await server.webhook('call.dtmf.received', { digit: '5', call_control_id: other }, at())
    // Telnyx may omit the session of the call, but the log has it.
    await server.webhook('call.dtmf.received', { digit: '7', call_control_id: other, call_session_id: null }, at())
    await server.webhook('call.dtmf.received', { digit: '6', ...apartFrom }, at())
    const keys = (await store.read(other, 0))?.records.slice(-2).map(({ event }) => event.payload)
    expect(keys).toEqual([{ digit: null }, { digit: null }])
    const apart = await store.read('v3:another-session-00', 0)
    expect(apart?.records.at(-1)?.event.payload).toEqual({ digit: '6' })
  })

  /** Returns the stored key event of a leg, pressed during a sibling leg's PIN gather that a stopped server started. */
  async function keptAfterRestart(): Promise<unknown> {
    const { testServer } = await import('../testing/server.ts')
    const { sqliteStore } = await import('../store/sqlite/sqlite-store.ts')
    const folder = mkdtempSync(join(tmpdir(), 'callgather-legs-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'calls.db')
    const other = 'v3:the-agents-leg-00000'
    {
      await using server = await testServer({ store: sqliteStore({ path }), policy: { mask: 'digits' } })
      await server.webhook('call.initiated')
      await server.webhook('call.initiated', { call_control_id: other })
      expect((await server.command('gather', {})).status).toBe(200)
    }
    const store = sqliteStore({ path })
    await using server = await testServer({ store, policy: { mask: 'digits' } })
    await server.webhook('call.dtmf.received', { digit: '5', call_control_id: other })
    return (await store.read(other, 0))?.records.at(-1)?.event.payload
  }

  it('masks input on a bridged leg after a restart of the server', async () => {
    expect(await keptAfterRestart()).toEqual({ digit: null })
  })

  it('shows later keys of a bridged leg once no clock difference can place them in the masked gather', async () => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    let now = Date.now()
    const at = () => ({ at: new Date(now).toISOString() })
    const store = memoryStore({ now: () => now })
    await using server = await testServer({
      store,
      now: () => now,
      toleranceSeconds: 3600,
      policy: { mask: 'digits' },
    })
    const other = 'v3:the-agents-leg-00000'
    now += KNOWN_FROM_START_MS
    const key = (digit: string, when = at()) =>
      server.webhook('call.dtmf.received', { digit, call_control_id: other }, when)
    await server.webhook('call.initiated', {}, at())
    await server.webhook('call.initiated', { call_control_id: other }, at())
    await server.command('gather', {})
    const { client_state } = server.upstream.received[0]?.body ?? {}
    now += 1_000
    const within = at()
    now += 1_000
    await server.webhook('call.gather.ended', { digits: '12', status: 'valid', client_state }, at())
    now += 329_000
    await key('2')
    now += 2_000
    await key('3')
    await key('4', within)
    await server.command('gather', {})
    now += 1_000
    await server.webhook('call.hangup', {}, at())
    now += 329_000
    await key('5')
    now += 2_000
    await key('6')
    const keys = (await store.read(other, 0))?.records.filter(({ event }) => event.event_type === 'call.dtmf.received')
    expect(keys?.map(({ event }) => event.payload)).toEqual([
      { digit: null },
      { digit: '3' },
      { digit: null },
      { digit: null },
      { digit: '6' },
    ])
  })

  it('applies the stricter of two masks when two bridged legs run masked gathers', async () => {
    const { testServer } = await import('../testing/server.ts')
    const { memoryStore } = await import('../store/memory/memory-store.ts')
    const store = memoryStore()
    const mask = ({ body }: { body: unknown }) =>
      (body as { gather_id?: string }).gather_id === 'pin' ? ('digits' as const) : ('allButLast4' as const)
    await using server = await testServer({ store, policy: { mask } })
    const other = 'v3:the-agents-leg-00000'
    await server.webhook('call.initiated')
    await server.webhook('call.initiated', { call_control_id: other })
    const authorization = `Bearer ${await server.ticket({ calls: '*' })}`
    const ended = async () => {
      await server.webhook('call.gather.ended', { call_control_id: other, digits: '98765123456', status: 'valid' })
      return JSON.stringify((await store.read(other, 0))?.records.at(-1)?.event.payload)
    }
    expect((await server.command('gather', { gather_id: 'account' }, { authorization }, other)).status).toBe(200)
    expect(await ended()).toContain('3456')
    expect((await server.command('gather', { gather_id: 'pin' })).status).toBe(200)
    expect((await server.command('gather', { gather_id: 'account' }, { authorization }, other)).status).toBe(200)
    expect(await ended()).not.toContain('3456')
  })
})

describe('a sensitive gather', () => {
  it('refuses a masked gather while the call is streamed or recorded', async () => {
    const { testServer } = await import('../testing/server.ts')
    await using server = await testServer({ policy: { mask: 'digits' } })
    await server.webhook('call.initiated')
    await server.webhook('streaming.started')
    expect((await server.command('gather', {})).status).toBe(422)
    expect(server.upstream.received).toEqual([])
    await server.webhook('streaming.stopped')
    expect((await server.command('gather', {})).status).toBe(200)
  })

  it('refuses to start a server with a mask policy while a debug switch prints frames', async () => {
    const { testServer } = await import('../testing/server.ts')
    for (const [name, value] of [
      ['DEBUG', 'socket.io*,engine*'],
      ['TELNYX_LOG', 'debug'],
      ['NODE_DEBUG', 'http'],
    ] as const) {
      vi.stubEnv(name, value)
      await expect(testServer({ policy: { mask: 'digits' } })).rejects.toThrow(name)
      await using open = await testServer({ policy: { mask: 'digits' }, unsafeDebug: true })
      expect(open.url).toContain('http')
      vi.unstubAllEnvs()
    }
  })
})
