// @vitest-environment node
/** Tests the client on real sockets against the real server and the simulator, with silently cut connections. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { GatherError, type Scope, selectGather } from '@callgather/protocol'
import { type CallStore, createGatherServer, type GatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator, type Simulator } from '@callgather/simulator'
import { freePort } from '@callgather/test-kit/free-port'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CallFeed } from './feed.ts'
import { createGatherClient, type GatherClient } from './gather-client.ts'

const secret = 'a secret for these tests, of more than thirty-two bytes'

interface RunningServer {
  readonly gather: GatherServer
  readonly http: Server
  readonly port: number
}

async function startServer(simulator: Simulator, store: CallStore, port?: number): Promise<RunningServer> {
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store,
    tickets: { secret },
    logger: pino({ level: 'silent' }),
  })
  const http = createServer()
  gather.attach(http)
  // A restart takes the same port, which must not have become the port of another connection meanwhile.
  const own = port ?? (await freePort())
  await new Promise<void>((resolve) => http.listen(own, '127.0.0.1', resolve))
  return { gather, http, port: (http.address() as AddressInfo).port }
}

async function stopServer({ gather, http }: RunningServer): Promise<void> {
  await gather.close()
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
}

/** Starts a TCP proxy that can cut its connections. */
async function startProxy(to: number) {
  const pairs = new Set<[Socket, Socket]>()
  const server = createTcpServer((near) => {
    const far = connect(to, '127.0.0.1')
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    near.on('data', (data) => far.write(data))
    far.on('data', (data) => near.write(data))
    for (const end of pair) {
      end.on('error', () => {})
      end.on('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      for (const pair of pairs) for (const end of pair) end.resetAndDestroy()
    },
    close: async () => {
      for (const pair of pairs) for (const end of pair) end.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const waitOptions = { timeout: 15_000, interval: 20 }

describe('the client against the server', () => {
  let simulator: Simulator
  let server: RunningServer
  const clients: GatherClient[] = []

  beforeAll(async () => {
    simulator = await createSimulator({
      settings: { audio: { speechMsPerCharacter: 5 }, gather: { emitSpeakEvents: true } },
    })
    server = await startServer(simulator, memoryStore())
    simulator.setWebhookUrl(`http://127.0.0.1:${server.port}/callgather/webhooks`)
  })

  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })

  afterAll(async () => {
    await simulator.close()
    await stopServer(server)
  })

  function clientOn(port = server.port, ticket: { scopes?: Scope[]; calls?: '*' | string[] } = {}) {
    const client = createGatherClient({
      url: `http://127.0.0.1:${port}`,
      getTicket: () =>
        server.gather.issueTicket({
          subject: 'agent-7',
          calls: ticket.calls ?? '*',
          scopes: ticket.scopes ?? ['view', 'gather', 'assistant'],
        }),
    })
    clients.push(client)
    return client
  }

  function watch(client: GatherClient, callId: string) {
    const feeds: CallFeed[] = []
    const done = client.watch(callId, { onFeed: (feed) => feeds.push(feed) })
    done.catch(() => undefined)
    return {
      feeds,
      done,
      get last() {
        return feeds.at(-1)
      },
      get gather() {
        const feed = feeds.at(-1)
        return feed ? selectGather(feed.state) : null
      },
    }
  }

  async function answeredCall() {
    const caller = await simulator.phone.dial()
    await fetch(`${simulator.url}/calls/${encodeURIComponent(caller.id)}/actions/answer`, {
      method: 'POST',
      headers: { authorization: 'Bearer KEY', 'content-type': 'application/json' },
      body: '{}',
    })
    await caller.waitFor('call.answered')
    await vi.waitFor(async () => {
      const response = await fetch(
        `http://127.0.0.1:${server.port}/callgather/calls/${encodeURIComponent(caller.id)}`,
        {
          headers: {
            authorization: `Bearer ${await server.gather.issueTicket({ subject: 's', calls: '*', scopes: ['view'] })}`,
          },
        },
      )
      expect(response.status).toBe(200)
    }, waitOptions)
    return caller
  }

  it('the client watches several calls over one connection and keeps their events apart', async () => {
    const callers = [await answeredCall(), await answeredCall(), await answeredCall()]
    const client = clientOn()
    const watched = callers.map(({ id }) => watch(client, id))
    await vi.waitFor(() => {
      for (const { last } of watched) expect(last?.sync).toBe('live')
    }, waitOptions)
    for (const [nth, caller] of callers.entries()) await caller.press(String(nth + 1))
    await vi.waitFor(() => {
      expect(watched.map(({ last }) => [...(last?.state.keys ?? [])].map(({ digit }) => digit))).toEqual([
        ['1'],
        ['2'],
        ['3'],
      ])
    }, waitOptions)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'live', attempt: 0 })
  })

  it('the client publishes a PIN key by key, from the gather command to its result', async () => {
    const caller = await answeredCall()
    const client = clientOn()
    const watched = watch(client, caller.id)
    await vi.waitFor(() => expect(watched.last?.sync).toBe('live'), waitOptions)
    expect(client.connection.getSnapshot().status).toBe('live')
    expect(watched.last?.scopes).toEqual(['view', 'gather', 'assistant'])

    const body = { payload: 'Your PIN, please.', voice: 'female', minimum_digits: 4, maximum_digits: 4 }
    const accepted = await client.command(caller.id, 'gather_using_speak', body)
    await vi.waitFor(
      () => expect(watched.gather).toMatchObject({ id: accepted.commandId, status: 'collecting' }),
      waitOptions,
    )
    await caller.press('5503', { everyMs: 120 })
    await vi.waitFor(
      () => expect(watched.gather).toMatchObject({ status: 'ended', outcome: 'valid', digits: '5503' }),
      waitOptions,
    )
    const seen = new Set(
      watched.feeds.map(({ state }) => {
        const gather = selectGather(state)
        return gather?.kind === 'digits' ? gather.digits : ''
      }),
    )
    expect([...seen]).toEqual(['', '5', '55', '550', '5503'])
  })

  it('the client rejects invalid and forbidden commands with Telnyx errors', async () => {
    const caller = await answeredCall()
    const watched = watch(clientOn(), caller.id)
    await vi.waitFor(() => expect(watched.last?.sync).toBe('live'), waitOptions)
    const refusal = async (promise: Promise<unknown>) => {
      const error: unknown = await promise.catch((reason: unknown) => reason)
      if (!GatherError.isInstance(error)) throw new Error('The command was not refused.', { cause: error })
      return error
    }
    expect(await refusal(clientOn().command(caller.id, 'gather', { maximum_digits: 0 }))).toMatchObject({
      status: 422,
      errors: [{ code: '90023' }],
    })
    expect(await refusal(clientOn().command('v3:no-such-call', 'gather', {}))).toMatchObject({ status: 404 })
    const viewer = clientOn(server.port, { scopes: ['view'] })
    expect(await refusal(viewer.command(caller.id, 'gather', {}))).toMatchObject({ status: 404 })
    const stranger = clientOn(server.port, { calls: ['v3:another'] })
    const denied = watch(stranger, caller.id)
    await vi.waitFor(() => expect(denied.last).toMatchObject({ error: { status: 404 }, cursor: null }), waitOptions)
    await caller.hangUp()
    await vi.waitFor(() => expect(watched.last?.state.hangup).not.toBeNull(), waitOptions)
    expect(await refusal(clientOn().command(caller.id, 'gather', {}))).toMatchObject({ errors: [{ code: '90018' }] })
  })

  it('the server runs a command once when the client sends it three times with the same request id', async () => {
    const caller = await answeredCall()
    const client = clientOn()
    const watched = watch(client, caller.id)
    const send = () => client.command(caller.id, 'gather', { maximum_digits: 4 }, { requestId: 'the-same' })
    const answers = await Promise.all([send(), send(), send()])
    expect(new Set(answers.map((answer) => answer.commandId)).size).toBe(1)
    await vi.waitFor(() => expect(watched.last?.state.commands.size).toBe(1), waitOptions)
  })

  it('the client reports a refused connection when its ticket is forged', async () => {
    const client = createGatherClient({ url: `http://127.0.0.1:${server.port}`, getTicket: () => 'forged' })
    clients.push(client)
    const watched = watch(client, 'v3:any')
    await vi.waitFor(
      () => expect(client.connection.getSnapshot()).toMatchObject({ status: 'refused', error: { status: 401 } }),
      waitOptions,
    )
    expect(watched.last).toMatchObject({ error: { status: 401 }, cursor: null })
  })

  it('the client loses, duplicates and reorders no event while its connection is cut repeatedly', async () => {
    const caller = await answeredCall()
    const proxy = await startProxy(server.port)
    const client = clientOn(proxy.port)
    const watched = watch(client, caller.id)
    await vi.waitFor(() => expect(watched.last?.sync).toBe('live'), waitOptions)
    let drops = 0
    let status = 'live'
    client.connection.subscribe(() => {
      const now = client.connection.getSnapshot().status
      if (now === 'reconnecting' && status === 'live') drops++
      status = now
    })
    const keysPerRound = Array.from({ length: 90 }, (_, place) => String((place * 7) % 10)).join('')
    let keys = ''
    const cuts = setInterval(proxy.cut, 230)
    // A slow machine may cut links before they are live, so press keys until enough live links were cut.
    for (let rounds = 0; drops <= 3 && rounds < 10; rounds++) {
      await caller.press(keysPerRound, { everyMs: 25 })
      keys += keysPerRound
    }
    clearInterval(cuts)
    const pressed = () => [...(watched.last?.state.keys ?? [])].map((key) => key.digit).join('')
    await vi.waitFor(() => {
      expect(watched.last?.sync).toBe('live')
      expect(pressed()).toHaveLength(keys.length)
    }, waitOptions)
    expect([...pressed()].sort()).toEqual([...keys].sort())
    expect(drops).toBeGreaterThan(3)
    for (const [place, { cursor }] of watched.feeds.entries()) {
      expect(cursor?.seq ?? 0).toBeGreaterThanOrEqual(watched.feeds[place - 1]?.cursor?.seq ?? 0)
    }
    await proxy.close()
  })

  it('the client reconnects after a server restart and reports lost history when the log is new', async () => {
    const caller = await answeredCall()
    const client = clientOn()
    const watched = watch(client, caller.id)
    await vi.waitFor(() => expect(watched.last?.sync).toBe('live'), waitOptions)
    const { port } = server
    const before = watched.last?.cursor
    await stopServer(server)
    await vi.waitFor(() => expect(client.connection.getSnapshot().status).toBe('reconnecting'), waitOptions)
    // Telnyx retries its webhooks until the server is back.
    server = await startServer(simulator, memoryStore(), port)
    await caller.press('77')
    await vi.waitFor(() => expect(watched.last?.cursor).not.toBeNull(), waitOptions)
    await vi.waitFor(() => {
      expect(watched.last).toMatchObject({ sync: 'live', notice: { kind: 'history_lost' } })
      expect([...(watched.last?.state.keys ?? [])].map((key) => key.digit)).toEqual(['7', '7'])
    }, waitOptions)
    expect(watched.last?.cursor?.epoch).not.toBe(before?.epoch)
  })

  it('the client publishes changes of the list of calls', async () => {
    const client = clientOn()
    const phases: string[] = []
    const abort = new AbortController()
    const caller = await answeredCall()
    const done = client.watchCalls({
      signal: abort.signal,
      onCalls: ({ calls }) => phases.push(calls.find((call) => call.callId === caller.id)?.phase ?? 'absent'),
    })
    await vi.waitFor(() => expect(phases.at(-1)).toBe('answered'), waitOptions)
    await caller.hangUp()
    await vi.waitFor(() => expect(phases.at(-1)).toBe('ended'), waitOptions)
    abort.abort()
    await done
  })
})
