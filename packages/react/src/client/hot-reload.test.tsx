/** Each hot reload creates a new client. The previous client must close its socket. */
import { pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { StrictMode } from 'react'
import { expect, it } from 'vitest'
import { CallList, GatherPanel, GatherProvider } from '../index.ts'
import { actAndSettle } from '../testing/render-hook.tsx'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createClientWith, type GatherClient } from './gather-client.ts'

const { callId } = pinEntry

function createCountingServer() {
  const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  const server = new ScenarioServer(clock)
  server.addCall(callId, ['view', 'gather', 'assistant'])
  for (const { event } of pinEntry.steps) server.append(callId, event)
  const open = new Set<object>()
  const makeClient = (): GatherClient =>
    createClientWith({
      transport: {
        open: (auth, events) => {
          const link = server.open(auth, events)
          open.add(link)
          const close = () => {
            open.delete(link)
            link.close()
          }
          return { ...linkOf(link), close }
        },
      },
      clock,
      getTicket: () => 'ticket',
      base: 'http://server.invalid',
      fetch: () => new Promise(() => {}),
      onWake: () => () => {},
    })
  return { open, makeClient, later: () => actAndSettle(() => clock.advanceTo(clock.now() + 1_000)) }
}

const linkOf = (link: ReturnType<ScenarioServer['open']>): typeof link => ({
  watchCall: (id, cursor) => link.watchCall(id, cursor),
  unwatchCall: (id) => link.unwatchCall(id),
  watchCalls: () => link.watchCalls(),
  unwatchCalls: () => link.unwatchCalls(),
  refreshTicket: (ticket) => link.refreshTicket(ticket),
  close: () => link.close(),
})

it.each([
  ['the provider is rendered with the new client', false],
  ['the whole tree is remounted', true],
])('the page has one open socket after four hot reloads when %s', async (_, isRemounted) => {
  const { open, makeClient, later } = createCountingServer()
  const cache = new QueryClient()
  const page = (client: GatherClient, reload: number) => (
    <StrictMode key={isRemounted ? reload : 'same'}>
      <QueryClientProvider client={cache}>
        <GatherProvider client={client}>
          <CallList selected={callId} />
          <GatherPanel callId={callId} />
        </GatherProvider>
      </QueryClientProvider>
    </StrictMode>
  )
  const view = render(page(makeClient(), 0))
  await later()
  expect(open.size).toBe(1)
  for (let reload = 1; reload <= 4; reload++) {
    view.rerender(page(makeClient(), reload))
    await later()
    expect(open.size).toBe(1)
  }
  expect(screen.getAllByText(/5550100|555-0100|Answered/).length).toBeGreaterThan(0)
  view.unmount()
  await later()
  expect(open.size).toBe(0)
})

it('the page has one open socket after four hot reloads that happen before the first client is live', async () => {
  const { open, makeClient, later } = createCountingServer()
  const cache = new QueryClient()
  const page = (client: GatherClient) => (
    <GatherProvider client={client} queryClient={cache}>
      <CallList />
    </GatherProvider>
  )
  const view = render(page(makeClient()))
  for (let reload = 1; reload <= 4; reload++) view.rerender(page(makeClient()))
  await later()
  expect(open.size).toBe(1)
})

it('a page without React has one open socket after four hot reloads that each close the previous client', async () => {
  const { open, makeClient, later } = createCountingServer()
  let dispose = () => {}
  for (let reload = 0; reload <= 4; reload++) {
    dispose()
    const client = makeClient()
    dispose = () => client.close()
    client.watch(callId, { onFeed: () => {} }).catch(() => {})
    await later()
    expect(open.size).toBe(1)
  }
})
