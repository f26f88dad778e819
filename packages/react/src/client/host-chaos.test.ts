// @vitest-environment node
/** Covers the ways in which a host's callback can fail. The client must recover when the callback works again. */
import { gatherError, type SocketAuth } from '@callgather/protocol'
import { pinEntry } from '@callgather/protocol/scenarios'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScenarioServer, socketError } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { GatherClientError } from './client-error.ts'
import type { CallFeed, CallsFeed } from './feed.ts'
import { createClientWith, createGatherClient } from './gather-client.ts'

const { callId } = pinEntry
const START = Date.parse('2030-01-01T00:00:00Z')

const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.s`
/** Creates a ticket in the server's format. */
const ticketOf = (subject: string, issued = START) =>
  jwt({ sub: subject, iat: issued / 1000, exp: issued / 1000 + 3_600, jti: Math.random() })

/** Creates a client on a scripted server, with an untyped `getTicket`. */
function clientWith(
  getTicket: () => unknown,
  {
    onError,
    fetch = neverFetch,
  }: { onError?: (error: GatherClientError) => void; fetch?: typeof globalThis.fetch } = {},
) {
  const clock = new VirtualClock(START)
  const server = new ScenarioServer(clock)
  server.addCall(callId, ['view', 'gather'])
  const opened: SocketAuth[] = []
  const wake = { run: () => {} }
  const reported: GatherClientError[] = []
  const client = createClientWith({
    transport: {
      open: (auth, events) => {
        opened.push(auth)
        return server.open(auth, events)
      },
    },
    clock,
    getTicket: getTicket as () => string,
    onError: (error) => {
      reported.push(error)
      return onError?.(error)
    },
    base: 'http://server.invalid',
    fetch,
    onWake: (run) => {
      wake.run = run
      return () => {}
    },
  })
  const feeds: CallFeed[] = []
  const watch = () => client.watch(callId, { onFeed: (feed) => feeds.push(feed) }).catch(() => undefined)
  return {
    client,
    clock,
    server,
    opened,
    wake,
    reported,
    feeds,
    watch,
    state: () => client.connection.getSnapshot(),
  }
}

const neverFetch: typeof fetch = () => new Promise(() => {})
const advance = (clock: VirtualClock, seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000)

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const thenable = (then: () => void) => Object.fromEntries([['then', then]])
const thrown = new Error('401 from the backend')
const failures: Record<string, [run: () => unknown, code: GatherClientError['code']]> = {
  throws: [
    () => {
      throw thrown
    },
    'ticketFailed',
  ],
  rejects: [() => Promise.reject(thrown), 'ticketFailed'],
  'rejects with nothing': [() => Promise.reject(undefined), 'ticketFailed'],
  'never settles': [() => new Promise(() => {}), 'ticketTimeout'],
  'returns a thenable that never settles': [() => thenable(() => {}), 'ticketTimeout'],
  'returns a thenable that throws': [
    () =>
      thenable(() => {
        throw thrown
      }),
    'ticketFailed',
  ],
  'returns an HTML page': [() => '<!doctype html><title>404</title>', 'ticketInvalid'],
  'returns the JSON around a ticket': [() => JSON.stringify({ ticket: ticketOf('agent') }), 'ticketInvalid'],
  'returns an error text': [() => 'Bad Gateway', 'ticketInvalid'],
  'returns an object': [() => ({ ticket: ticketOf('agent') }), 'ticketInvalid'],
  'returns a number': [() => 42, 'ticketInvalid'],
  'returns null': [() => null, 'ticketInvalid'],
  'returns undefined': [() => undefined, 'ticketInvalid'],
  'returns the word undefined': [() => 'undefined', 'ticketInvalid'],
  'returns an empty string': [() => '  ', 'ticketInvalid'],
  'returns a megabyte': [() => 'x'.repeat(1_000_000), 'ticketInvalid'],
}

describe('a client with a failing host', () => {
  describe.each(Object.entries(failures))('when getTicket %s', (_, [fail, code]) => {
    it('the client reports the failure, settles commands, backs off, and is live once getTicket works', async () => {
      const getTicket = vi.fn(fail)
      const { clock, watch, state, reported, feeds, client } = clientWith(getTicket)
      watch().catch(() => {})
      const command = client.command(callId, 'gather_stop', {}).catch((error: unknown) => error)
      await advance(clock, 60)
      expect(await command).toMatchObject({ status: 503, cause: { code } })
      expect(state()).toMatchObject({ status: 'reconnecting', error: { reason: code } })
      expect(feeds.at(-1)).toMatchObject({ sync: 'connecting', error: { reason: code } })
      expect(reported).toMatchObject([{ code }])
      expect(console.error).toHaveBeenCalledTimes(1)
      expect(getTicket.mock.calls.length).toBeLessThan(25)
      if (code === 'ticketFailed' && reported[0]?.cause === thrown) expect(state().error?.cause).toBe(thrown)

      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      await advance(clock, 20)
      expect(state()).toMatchObject({ status: 'live', error: null })
      expect(feeds.at(-1)).toMatchObject({ sync: 'live' })
      expect(feeds.at(-1)?.error).toBeUndefined()
    })

    it('the client reports the failure without a command too', async () => {
      const { clock, watch, reported } = clientWith(vi.fn(fail))
      watch().catch(() => {})
      await advance(clock, 30)
      expect(reported).toMatchObject([{ code }])
    })

    it('the client calls getTicket at once on retryNow and when the network is back', async () => {
      const getTicket = vi.fn(fail)
      const { clock, watch, state, wake, client } = clientWith(getTicket)
      watch().catch(() => {})
      await advance(clock, 35)
      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      // A pending attempt is replaced only after two seconds.
      await advance(clock, state().retryAt === null ? 3 : 0)
      client.connection.retryNow()
      await advance(clock, 0)
      expect(state().status).toBe('live')

      getTicket.mockImplementation(fail)
      const { clock: otherClock, watch: watchOther, state: otherState, wake: otherWake } = clientWith(getTicket)
      watchOther().catch(() => {})
      await advance(otherClock, 35)
      getTicket.mockImplementation(() => ticketOf('agent', otherClock.now()))
      await advance(otherClock, otherState().retryAt === null ? 3 : 0)
      otherWake.run()
      await advance(otherClock, 0)
      expect(otherState().status).toBe('live')
      expect(wake.run).toBeTypeOf('function')
    })
  })

  it('the client reconnects when onError throws or rejects', async () => {
    for (const fail of [
      () => {
        throw new Error('onError')
      },
      () => Promise.reject(new Error('onError')),
    ]) {
      const getTicket = vi.fn<() => unknown>(() => null)
      const { clock, watch, state } = clientWith(getTicket, { onError: fail as () => void })
      watch().catch(() => {})
      await advance(clock, 5)
      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      await advance(clock, 20)
      expect(state().status).toBe('live')
    }
  })

  it('the client keeps publishing and reports the error when onFeed and connection listeners throw', async () => {
    const { client, clock, reported, feeds, watch, server } = clientWith(() => ticketOf('agent'))
    const fail = () => {
      throw new Error('in the host')
    }
    client.connection.subscribe(fail)
    client.watch(callId, { onFeed: fail }).catch(() => {})
    client.watchCalls({ onCalls: fail }).catch(() => {})
    watch().catch(() => {})
    for (const { event } of pinEntry.steps) server.append(callId, event)
    await advance(clock, 1)
    expect(feeds.at(-1)).toMatchObject({ sync: 'live', cursor: { seq: pinEntry.steps.length } })
    expect(reported.map(({ code }) => code)).toContain('callbackFailed')
  })
})

describe('a refused connection', () => {
  const unauthenticated = socketError(gatherError('unauthenticated', 'No.'))

  it('the client retries after an expired ticket is refused, and reports ticketExpired', async () => {
    let issued = START - 7_200_000
    const { clock, watch, state, server, reported } = clientWith(() => ticketOf('agent', issued))
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await advance(clock, 60)
    expect(state()).toMatchObject({ status: 'reconnecting', error: { reason: 'ticketExpired' } })
    expect(reported.map(({ code }) => code)).toEqual(['ticketExpired'])
    issued = clock.now()
    server.refuse(null)
    await advance(clock, 10)
    expect(state().status).toBe('live')
  })

  it('the client stops retrying after a valid ticket is refused, until the page is shown again', async () => {
    const { clock, watch, state, server, wake } = clientWith(() => ticketOf('agent'))
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await advance(clock, 5)
    expect(state()).toMatchObject({ status: 'refused', retryAt: null, error: { status: 401 } })
    server.refuse(null)
    await advance(clock, 600)
    expect(state().status).toBe('refused')
    wake.run()
    await advance(clock, 0)
    expect(state().status).toBe('live')
  })

  it('the client gets a new ticket when the server refuses a ticket whose expiry it could not read', async () => {
    const { clock, watch, state, server } = clientWith(() => 'Unauthorized')
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await advance(clock, 60)
    expect(state()).toMatchObject({ status: 'refused', error: { status: 401 } })
    server.refuse(null)
    await advance(clock, 31)
    expect(state().status).toBe('live')
  })

  it('the client retries after a single 401 that follows an outage', async () => {
    const { clock, watch, state, server } = clientWith(() => ticketOf('agent'))
    server.setUnreachable(true)
    watch().catch(() => {})
    await advance(clock, 10)
    server.setUnreachable(false)
    server.refuse(unauthenticated)
    await clock.advanceTo(state().retryAt ?? clock.now())
    expect(state().status).toBe('reconnecting')
  })

  it('the client retries after the server refuses the connection with 503', async () => {
    const { clock, watch, state, server } = clientWith(() => ticketOf('agent'))
    server.refuse(socketError(gatherError('unavailable', 'The host’s authenticate failed.')))
    watch().catch(() => {})
    await advance(clock, 120)
    expect(state()).toMatchObject({ status: 'reconnecting', error: { status: 503 } })
    server.refuse(null)
    await advance(clock, 10)
    expect(state().status).toBe('live')
  })
})

it('the client requests a ticket once a minute, not per attempt, while the server is unreachable', async () => {
  const getTicket = vi.fn(() => ticketOf('agent'))
  const { clock, watch, server, opened } = clientWith(getTicket)
  server.setUnreachable(true)
  watch().catch(() => {})
  await advance(clock, 120)
  expect(opened.length).toBeGreaterThan(40)
  expect(getTicket.mock.calls.length).toBeLessThanOrEqual(4)
})

it('the client keeps a live connection and retries getTicket while tickets can’t be renewed', async () => {
  let issued = START
  const getTicket = vi.fn<() => unknown>(() => ticketOf('agent', issued))
  const { clock, watch, state } = clientWith(getTicket)
  watch().catch(() => {})
  await advance(clock, 1)
  getTicket.mockImplementation(() => null)
  await advance(clock, 3_600)
  const failed = getTicket.mock.calls.length
  expect(failed).toBeGreaterThan(3)
  expect(state().status).toBe('live')
  issued = clock.now()
  getTicket.mockImplementation(() => ticketOf('agent', issued))
  await advance(clock, 600)
  expect(getTicket).toHaveBeenCalledTimes(failed + 1)
})

it('the client never publishes an empty list of calls as live before the first reply', async () => {
  const { client, clock } = clientWith(() => null)
  const lists: CallsFeed[] = []
  client.watchCalls({ onCalls: (feed) => lists.push(feed) }).catch(() => {})
  await advance(clock, 30)
  expect(lists.length).toBeGreaterThan(0)
  for (const { sync, error } of lists) {
    expect(sync).not.toBe('live')
    expect(error).toMatchObject({ reason: 'ticketInvalid' })
  }
})

describe('a change of agent', () => {
  it('the client clears its watched calls and lists when another agent signs in', async () => {
    let subject = 'agent-1'
    const { client, clock, server, feeds, watch } = clientWith(() => ticketOf(subject, clock.now()))
    const lists: CallsFeed[] = []
    watch().catch(() => {})
    client.watchCalls({ onCalls: (feed) => lists.push(feed) }).catch(() => {})
    for (const { event } of pinEntry.steps) server.append(callId, event)
    await advance(clock, 1)
    expect(feeds.at(-1)?.cursor).not.toBeNull()
    subject = 'agent-2'
    server.refuseCall(callId, socketError(gatherError('notFound', 'No.')))
    server.drop(null)
    const [feedsBefore, listsBefore] = [feeds.length, lists.length]
    await advance(clock, 5)
    const shown = feeds.slice(feedsBefore).filter((feed) => client.session.owns(feed))
    expect(shown.length).toBeGreaterThan(0)
    for (const { cursor, state } of shown) expect([cursor, state.keys.size]).toEqual([null, 0])
    for (const { calls } of lists.slice(listsBefore).filter((list) => client.session.owns(list)))
      expect(calls).toEqual([])
  })

  it('the client detects another agent by the subject that the server reports when tickets are opaque', async () => {
    const { client, clock, server, feeds, watch } = clientWith(() => `opaque-${Math.random()}`)
    const answer = vi.spyOn(server, 'answerWatch')
    const real = answer.getMockImplementation() ?? ScenarioServer.prototype.answerWatch.bind(server)
    let subject = 'agent-1'
    answer.mockImplementation((id, cursor) => ({ ...real(id, cursor), subject }))
    for (const { event } of pinEntry.steps) server.append(callId, event)
    watch().catch(() => {})
    await advance(clock, 1)
    const known = feeds.at(-1)
    server.drop(null)
    await advance(clock, 5)
    // The same agent resumes from the cursor.
    expect(answer).toHaveBeenLastCalledWith(callId, known?.cursor)
    subject = 'agent-2'
    server.drop(null)
    await advance(clock, 5)
    expect(answer).toHaveBeenLastCalledWith(callId, null)
    expect(client.session.owns(known ?? {})).toBe(false)
  })

  it('the client does not retry a command of the previous agent with the new agent’s ticket', async () => {
    let subject = 'agent-1'
    const fetch = vi.fn(async () => {
      subject = 'agent-2'
      return new Response('{}', { status: 401 })
    })
    const { client, clock, watch } = clientWith(() => ticketOf(subject), { fetch })
    watch().catch(() => {})
    await advance(clock, 1)
    await expect(client.command(callId, 'gather_stop', {})).rejects.toMatchObject({ status: 503 })
    expect(fetch).toHaveBeenCalledTimes(1)
  })
})

describe('createGatherClient', () => {
  const getTicket = () => ticketOf('agent')

  it.each([
    ['a path', 'https://calls.example.com/callgather', /basePath/],
    ['a query', 'https://calls.example.com?room=1', /query/],
    ['a fragment', 'https://calls.example.com/#top', /fragment/],
    ['credentials', 'https://user:secret@calls.example.com', /password/],
    ['no scheme', 'calls.example.com:8080', /https:\/\//],
    ['a websocket scheme', 'wss://calls.example.com', /https:\/\//],
  ])('createGatherClient rejects a url with %s and says how to fix it without quoting it', (_, url, fix) => {
    expect(() => createGatherClient({ url, getTicket })).toThrow(fix)
    expect(() => createGatherClient({ url, getTicket })).not.toThrow(/secret|room=1/)
  })

  it('createGatherClient rejects a basePath that does not begin with a slash', () => {
    expect(() => createGatherClient({ url: '', getTicket, basePath: 'callgather' })).toThrow(/begin it with `\/`/i)
  })

  it.each(['', 'https://calls.example.com', 'https://calls.example.com/', 'http://127.0.0.1:3000'])(
    'createGatherClient accepts "%s" as its url',
    (url) => createGatherClient({ url, getTicket, basePath: '/' }).close(),
  )

  it('createGatherClient gives each client a unique session id', () => {
    const [first, second] = [createGatherClient({ url: '', getTicket }), createGatherClient({ url: '', getTicket })]
    expect(first.session.id).not.toBe(second.session.id)
  })
})
