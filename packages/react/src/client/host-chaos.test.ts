// @vitest-environment node
/** The host's callbacks fail in every way, in turn: the client recovers by itself as soon as they do. */
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
/** A ticket as the server issues them. */
const ticketOf = (subject: string, issued = START) =>
  jwt({ sub: subject, iat: issued / 1000, exp: issued / 1000 + 3_600, jti: Math.random() })

/** What `getTicket` may do: whatever JavaScript lets it. */
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
  const returned = { run: () => {} }
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
      onError?.(error)
    },
    base: 'http://server.invalid',
    fetch,
    onWake: (run) => {
      returned.run = run
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
    returned,
    reported,
    feeds,
    watch,
    state: () => client.connection.getSnapshot(),
  }
}

const neverFetch: typeof fetch = () => new Promise(() => {})
const later = (clock: VirtualClock, seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000)

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

describe('a client whose getTicket fails', () => {
  describe.each(Object.entries(failures))('because it %s', (_, [fail, code]) => {
    it('says why, settles its commands, asks less and less often, and is live when getTicket is', async () => {
      const getTicket = vi.fn(fail)
      const { clock, watch, state, reported, feeds, client } = clientWith(getTicket)
      watch().catch(() => {})
      const command = client.command(callId, 'gather_stop', {}).catch((error: unknown) => error)
      await later(clock, 60)
      expect(await command).toMatchObject({ status: 503, cause: { code } })
      expect(state()).toMatchObject({ status: 'reconnecting', error: { reason: code } })
      expect(feeds.at(-1)).toMatchObject({ sync: 'connecting', error: { reason: code } })
      expect(reported).toMatchObject([{ code }])
      expect(console.error).toHaveBeenCalledTimes(1)
      expect(getTicket.mock.calls.length).toBeLessThan(25)
      if (code === 'ticketFailed' && reported[0]?.cause === thrown) expect(state().error?.cause).toBe(thrown)

      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      await later(clock, 20)
      expect(state()).toMatchObject({ status: 'live', error: null })
      expect(feeds.at(-1)).toMatchObject({ sync: 'live' })
      expect(feeds.at(-1)?.error).toBeUndefined()
    })

    it('tries again at once when the agent asks for that, or the network is back', async () => {
      const getTicket = vi.fn(fail)
      const { clock, watch, state, returned, client } = clientWith(getTicket)
      watch().catch(() => {})
      await later(clock, 35)
      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      // An attempt that hangs is given up only when it is no longer young.
      await later(clock, state().retryAt === null ? 3 : 0)
      client.connection.retryNow()
      await later(clock, 0)
      expect(state().status).toBe('live')

      getTicket.mockImplementation(fail)
      const { clock: otherClock, watch: watchOther, state: otherState, returned: back } = clientWith(getTicket)
      watchOther().catch(() => {})
      await later(otherClock, 35)
      getTicket.mockImplementation(() => ticketOf('agent', otherClock.now()))
      await later(otherClock, otherState().retryAt === null ? 3 : 0)
      back.run()
      await later(otherClock, 0)
      expect(otherState().status).toBe('live')
      expect(returned.run).toBeTypeOf('function')
    })
  })

  it('keeps working when onError fails too, whichever way', async () => {
    for (const fail of [
      () => {
        throw new Error('onError')
      },
      () => Promise.reject(new Error('onError')),
    ]) {
      const getTicket = vi.fn<() => unknown>(() => null)
      const { clock, watch, state } = clientWith(getTicket, { onError: fail as () => void })
      watch().catch(() => {})
      await later(clock, 5)
      getTicket.mockImplementation(() => ticketOf('agent', clock.now()))
      await later(clock, 20)
      expect(state().status).toBe('live')
    }
  })

  it('keeps working when onFeed and listeners of the connection throw, and reports them', async () => {
    const { client, clock, reported, feeds, watch, server } = clientWith(() => ticketOf('agent'))
    const fail = () => {
      throw new Error('in the host')
    }
    client.connection.subscribe(fail)
    client.watch(callId, { onFeed: fail }).catch(() => {})
    client.watchCalls({ onCalls: fail }).catch(() => {})
    watch().catch(() => {})
    for (const { event } of pinEntry.steps) server.append(callId, event)
    await later(clock, 1)
    expect(feeds.at(-1)).toMatchObject({ sync: 'live', cursor: { seq: pinEntry.steps.length } })
    expect(reported.map(({ code }) => code)).toContain('callbackFailed')
  })
})

describe('a refusal', () => {
  const unauthenticated = socketError(gatherError('unauthenticated', 'No.'))

  it('of an expired ticket is temporary, and names getTicket as the cause', async () => {
    let issued = START - 7_200_000
    const { clock, watch, state, server, reported } = clientWith(() => ticketOf('agent', issued))
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await later(clock, 60)
    expect(state()).toMatchObject({ status: 'reconnecting', error: { reason: 'ticketExpired' } })
    expect(reported.map(({ code }) => code)).toEqual(['ticketExpired'])
    issued = clock.now()
    server.refuse(null)
    await later(clock, 10)
    expect(state().status).toBe('live')
  })

  it('of a current ticket is final, until the page is looked at again', async () => {
    const { clock, watch, state, server, returned } = clientWith(() => ticketOf('agent'))
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await later(clock, 5)
    expect(state()).toMatchObject({ status: 'refused', retryAt: null, error: { status: 401 } })
    server.refuse(null)
    await later(clock, 600)
    expect(state().status).toBe('refused')
    returned.run()
    await later(clock, 0)
    expect(state().status).toBe('live')
  })

  it('of a ticket that does not say whether it is current is tried again by itself', async () => {
    const { clock, watch, state, server } = clientWith(() => 'Unauthorized')
    server.refuse(unauthenticated)
    watch().catch(() => {})
    await later(clock, 60)
    expect(state()).toMatchObject({ status: 'refused', error: { status: 401 } })
    server.refuse(null)
    await later(clock, 31)
    expect(state().status).toBe('live')
  })

  it('does not count a 401 that comes once after an outage as the second one', async () => {
    const { clock, watch, state, server } = clientWith(() => ticketOf('agent'))
    server.setUnreachable(true)
    watch().catch(() => {})
    await later(clock, 10)
    server.setUnreachable(false)
    server.refuse(unauthenticated)
    await clock.advanceTo(state().retryAt ?? clock.now())
    expect(state().status).toBe('reconnecting')
  })

  it('with 503 while the host’s backend is away is temporary', async () => {
    const { clock, watch, state, server } = clientWith(() => ticketOf('agent'))
    server.refuse(socketError(gatherError('unavailable', 'The host’s authenticate failed.')))
    watch().catch(() => {})
    await later(clock, 120)
    expect(state()).toMatchObject({ status: 'reconnecting', error: { status: 503 } })
    server.refuse(null)
    await later(clock, 10)
    expect(state().status).toBe('live')
  })
})

it('requests a ticket once a minute, not with each attempt, while the server cannot be reached', async () => {
  const getTicket = vi.fn(() => ticketOf('agent'))
  const { clock, watch, server, opened } = clientWith(getTicket)
  server.setUnreachable(true)
  watch().catch(() => {})
  await later(clock, 120)
  expect(opened.length).toBeGreaterThan(40)
  expect(getTicket.mock.calls.length).toBeLessThanOrEqual(4)
})

it('keeps a live connection while tickets cannot be renewed, and asks until they can', async () => {
  let issued = START
  const getTicket = vi.fn<() => unknown>(() => ticketOf('agent', issued))
  const { clock, watch, state } = clientWith(getTicket)
  watch().catch(() => {})
  await later(clock, 1)
  getTicket.mockImplementation(() => null)
  await later(clock, 3_600)
  const failed = getTicket.mock.calls.length
  expect(failed).toBeGreaterThan(3)
  expect(state().status).toBe('live')
  issued = clock.now()
  getTicket.mockImplementation(() => ticketOf('agent', issued))
  await later(clock, 600)
  expect(getTicket).toHaveBeenCalledTimes(failed + 1)
})

it('never claims that the list of calls is empty while it does not know', async () => {
  const { client, clock } = clientWith(() => null)
  const lists: CallsFeed[] = []
  client.watchCalls({ onCalls: (feed) => lists.push(feed) }).catch(() => {})
  await later(clock, 30)
  expect(lists.length).toBeGreaterThan(0)
  for (const { sync, error } of lists) {
    expect(sync).not.toBe('live')
    expect(error).toMatchObject({ reason: 'ticketInvalid' })
  }
})

describe('another agent', () => {
  it('who signs in on the same client is shown nothing of the one before, on any open call or list', async () => {
    let subject = 'agent-1'
    const { client, clock, server, feeds, watch } = clientWith(() => ticketOf(subject, clock.now()))
    const lists: CallsFeed[] = []
    watch().catch(() => {})
    client.watchCalls({ onCalls: (feed) => lists.push(feed) }).catch(() => {})
    for (const { event } of pinEntry.steps) server.append(callId, event)
    await later(clock, 1)
    expect(feeds.at(-1)?.cursor).not.toBeNull()
    subject = 'agent-2'
    server.refuseCall(callId, socketError(gatherError('notFound', 'No.')))
    server.drop(null)
    const [feedsBefore, listsBefore] = [feeds.length, lists.length]
    await later(clock, 5)
    const shown = feeds.slice(feedsBefore).filter((feed) => client.session.owns(feed))
    expect(shown.length).toBeGreaterThan(0)
    for (const { cursor, state } of shown) expect([cursor, state.keys.size]).toEqual([null, 0])
    for (const { calls } of lists.slice(listsBefore).filter((list) => client.session.owns(list)))
      expect(calls).toEqual([])
  })

  it('is noticed by the server’s word where tickets do not say whose they are', async () => {
    const { client, clock, server, feeds, watch } = clientWith(() => `opaque-${Math.random()}`)
    const answer = vi.spyOn(server, 'answerWatch')
    const real = answer.getMockImplementation() ?? ScenarioServer.prototype.answerWatch.bind(server)
    let subject = 'agent-1'
    answer.mockImplementation((id, cursor) => ({ ...real(id, cursor), subject }))
    for (const { event } of pinEntry.steps) server.append(callId, event)
    watch().catch(() => {})
    await later(clock, 1)
    const known = feeds.at(-1)
    server.drop(null)
    await later(clock, 5)
    // The same agent goes on from the cursor.
    expect(answer).toHaveBeenLastCalledWith(callId, known?.cursor)
    subject = 'agent-2'
    server.drop(null)
    await later(clock, 5)
    expect(answer).toHaveBeenLastCalledWith(callId, null)
    expect(client.session.owns(known ?? {})).toBe(false)
  })

  it('does not give the commands of the one before', async () => {
    let subject = 'agent-1'
    const fetch = vi.fn(async () => {
      subject = 'agent-2'
      return new Response('{}', { status: 401 })
    })
    const { client, clock, watch } = clientWith(() => ticketOf(subject), { fetch })
    watch().catch(() => {})
    await later(clock, 1)
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
  ])('refuses a url with %s, says how to fix it, and does not quote it', (_, url, fix) => {
    expect(() => createGatherClient({ url, getTicket })).toThrow(fix)
    expect(() => createGatherClient({ url, getTicket })).not.toThrow(/secret|room=1/)
  })

  it('refuses a base path that is no path', () => {
    expect(() => createGatherClient({ url: '', getTicket, basePath: 'callgather' })).toThrow(/begin it with `\/`/i)
  })

  it.each(['', 'https://calls.example.com', 'https://calls.example.com/', 'http://127.0.0.1:3000'])(
    'takes "%s" for an origin',
    (url) => createGatherClient({ url, getTicket, basePath: '/' }).close(),
  )

  it('gives each client an id of its own', () => {
    const [one, other] = [createGatherClient({ url: '', getTicket }), createGatherClient({ url: '', getTicket })]
    expect(one.session.id).not.toBe(other.session.id)
  })
})
