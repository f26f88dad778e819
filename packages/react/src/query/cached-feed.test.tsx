/** Tests what a host's cache stores, persists and shows when the agent, the client or the page changes. */
import { gatherError } from '@callgather/protocol'
import { pinEntry } from '@callgather/protocol/scenarios'
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import { dehydrate, hydrate, QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { PersistQueryClientProvider } from '@tanstack/react-query-persist-client'
import { render, screen } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { expect, it } from 'vitest'
import { GatherProvider, useGatherClient } from '../hooks/provider.tsx'
import { useCall } from '../hooks/use-call.ts'
import { useCalls } from '../hooks/use-calls.ts'
import { actAndSettle, playAll } from '../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from '../testing/scenario-client.ts'
import { socketError } from '../testing/scenario-server.ts'
import { callQueryOptions } from './call-query.ts'
import { gatherKeys } from './keys.ts'

const { callId } = pinEntry

function Shown() {
  const { sync, keys } = useCall(callId, (feed) => ({ sync: feed.sync, keys: feed.state.keys.size }))
  const { calls } = useCalls()
  return <output>{`${sync} ${keys} ${calls.length}`}</output>
}

const page = (cache: QueryClient, client: ScenarioClient | null, shown: ReactNode = <Shown />) => (
  <StrictMode>
    <QueryClientProvider client={cache}>
      {client && <GatherProvider client={client}>{shown}</GatherProvider>}
    </QueryClientProvider>
  </StrictMode>
)
const text = () => screen.queryByRole('status')?.textContent
const queriesOf = (cache: QueryClient, client: ScenarioClient) =>
  cache.getQueryCache().findAll({ queryKey: gatherKeys.client(client) })

/** Renders a call and the list of calls, and returns their client and cache. */
async function setUp() {
  const client = createScenarioClient(pinEntry)
  const cache = new QueryClient()
  const view = render(page(cache, client))
  await playAll(client)
  expect(text()).toBe('live 5 1')
  return { client, cache, view }
}

it('does not show one agent’s cached feeds to the next agent on the same cache', async () => {
  const { cache, view } = await setUp()
  const next = createScenarioClient([])
  view.rerender(page(cache, null))
  view.rerender(page(cache, next))
  expect(text()).toBe('connecting 0 0')
  await actAndSettle(() => next.player.advance(40_000))
  expect(text()).toBe('connecting 0 0')
})

it('a remounted component shows no cached feed until the agent is confirmed to be the same', async () => {
  const { client, cache, view } = await setUp()
  await actAndSettle(() => view.rerender(page(cache, null)))
  client.faults.delay(100)
  view.rerender(page(cache, client))
  expect(text()).toBe('connecting 0 0')
  await actAndSettle(() => client.player.advance(5_000))
  expect(text()).toBe('live 5 1')
})

it('the feeds of two clients stay apart in one cache', async () => {
  const { cache, view } = await setUp()
  const other = createScenarioClient([])
  view.rerender(page(cache, other))
  await actAndSettle(() => other.player.advance(1_000))
  expect(text()).toBe('connecting 0 0')
})

it('the cache and the screen lose all feeds when the client is closed', async () => {
  const { client, cache } = await setUp()
  await actAndSettle(() => client.close())
  expect(text()).toBe('connecting 0 0')
  for (const { state } of queriesOf(cache, client)) expect(client.session.owns(state.data ?? {})).toBe(false)
})

it('the cache removes the unobserved queries of a closed client', async () => {
  const { client, cache, view } = await setUp()
  await actAndSettle(() => view.rerender(page(cache, null)))
  expect(queriesOf(cache, client)).toHaveLength(2)
  client.close()
  expect(queriesOf(cache, client)).toEqual([])
})

it('a call disappears from the screen when access to the call is denied', async () => {
  const { client } = await setUp()
  client.faults.refuseCall(callId, socketError(gatherError('notFound', 'No.')))
  client.faults.dropConnection()
  await actAndSettle(() => client.player.advance(2_000))
  expect(text()).toMatch(/^connecting 0/)
})

it('an ended call stays on the screen after its subscription has ended', async () => {
  const client = createScenarioClient(pinEntry)
  const ended = <Ended />
  const cache = new QueryClient()
  const view = render(page(cache, client, ended))
  await playAll(client)
  await actAndSettle(() => {
    client.emit(callId, 'call.hangup', { payload: {} })
    return client.player.advance(70_000)
  })
  view.rerender(page(cache, client, <Ended />))
  expect(text()).toBe('ended 5')
})

function Ended() {
  return <output>{useCall(callId, (feed) => `${feed.sync} ${feed.state.keys.size}`)}</output>
}

it('the query of a call ignores placeholder data and persisters from the host’s default options', async () => {
  const cache = new QueryClient({
    defaultOptions: { queries: { placeholderData: (before: unknown) => before, persister: () => 'persisted' } },
  })
  const [first, second] = [createScenarioClient(pinEntry), createScenarioClient([])]
  const view = render(page(cache, first))
  await playAll(first)
  expect(text()).toBe('live 5 1')
  view.rerender(page(cache, second))
  expect(text()).toBe('connecting 0 0')
})

it('dehydrate skips CallGather queries by default, and contains no call data when the host includes them', async () => {
  const { cache } = await setUp()
  cache.setQueryData(['host'], 'of the host')
  expect(dehydrate(cache).queries.map(({ queryKey }) => queryKey)).toEqual([['host']])
  const all = dehydrate(cache, { shouldDehydrateQuery: () => true })
  expect(all.queries).toHaveLength(3)
  const written = [JSON.stringify(all), JSON.stringify(structuredClone(all.queries.map(({ state }) => state.data)))]
  for (const text of written) expect(text).not.toMatch(/\+1555|digit|timeline|scopes/)
})

it('the cache keeps the host’s shouldDehydrateQuery filter', async () => {
  const cache = new QueryClient({
    defaultOptions: { dehydrate: { shouldDehydrateQuery: ({ queryKey }) => queryKey[0] !== 'private' } },
  })
  render(page(cache, createScenarioClient(pinEntry)))
  cache.setQueryData(['private'], 1)
  cache.setQueryData(['host'], 1)
  await actAndSettle(() => undefined)
  expect(dehydrate(cache).queries.map(({ queryKey }) => queryKey)).toEqual([['host']])
})

it('hooks ignore data that a TanStack Query persister restored with default options, and still render', async () => {
  const persister = createSyncStoragePersister({ storage: localStorage, throttleTime: 0 })
  const client = createScenarioClient(pinEntry)
  const wrapped = (cache: QueryClient) => (
    <PersistQueryClientProvider client={cache} persistOptions={{ persister }}>
      <GatherProvider client={client}>
        <Shown />
        <Plain />
      </GatherProvider>
    </PersistQueryClientProvider>
  )
  const cache = new QueryClient()
  const view = render(wrapped(cache))
  await playAll(client)
  cache.setQueryData(['host'], 'of the host')
  await actAndSettle(() => undefined)
  expect(localStorage.getItem('REACT_QUERY_OFFLINE_CACHE')).toContain('of the host')
  expect(localStorage.getItem('REACT_QUERY_OFFLINE_CACHE')).not.toMatch(/callgather|\+1555/)
  view.unmount()
  await actAndSettle(() => undefined)
  client.faults.delay(100)

  // A page of an older version persisted unwrapped feeds.
  const restored = new QueryClient()
  const old = new QueryClient()
  old.setQueryData(gatherKeys.call(client, callId), JSON.parse(JSON.stringify({ sync: 'live', state: {} })))
  old.setQueryData(gatherKeys.calls(client), { sync: 'live', calls: [{}] })
  hydrate(restored, JSON.parse(JSON.stringify(dehydrate(old))))
  render(wrapped(restored))
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toEqual(['connecting 0 0', 'connecting'])
  await actAndSettle(() => client.player.advance(1_000))
  expect(screen.getAllByRole('status').map((status) => status.textContent)).toEqual(['live 5 1', 'live'])
  localStorage.clear()
})

/** Uses a call in the host's own `useQuery` with `callQueryOptions`. */
function Plain() {
  const { data } = useQuery(callQueryOptions(useGatherClient(), callId))
  return <output>{data?.sync ?? 'connecting'}</output>
}
