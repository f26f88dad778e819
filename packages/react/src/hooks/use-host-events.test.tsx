import { gatherError, type HostEvent } from '@callgather/protocol'
import { checkHostEvent } from '@callgather/protocol/host-contract'
import { hiddenPin, pinEntry, type Scenario } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { expect, it, vi } from 'vitest'
import { actAndSettle, playAll, playTo } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { socketError } from '../testing/scenario-server.ts'
import { GatherProvider } from './provider.tsx'
import { useCall } from './use-call.ts'
import { useCalls } from './use-calls.ts'
import { useHostEvents } from './use-host-events.ts'

function Keys({ callId }: { readonly callId: string }) {
  return <output>{useCall(callId, ({ state }) => state.keys.size)}</output>
}

function List() {
  return <output>{useCalls().calls.length}</output>
}

function Listener({ onEvent }: { readonly onEvent: (event: HostEvent) => void }) {
  useHostEvents(onEvent)
  return null
}

/** Renders a call in strict mode and collects its host events. */
function setUp(
  scenario: Scenario,
  onEvent?: (event: HostEvent) => void,
  content: ReactNode = <Keys callId={scenario.callId} />,
) {
  const client = createScenarioClient(scenario)
  const events: HostEvent[] = []
  const cache = new QueryClient()
  const show = () =>
    render(
      <StrictMode>
        <GatherProvider client={client} queryClient={cache}>
          <Listener onEvent={onEvent ?? ((event) => void events.push(event))} />
          {content}
        </GatherProvider>
      </StrictMode>,
    )
  const ofCall = () => events.filter((event) => !['ready', 'connection', 'ticket-needed'].includes(event.type))
  return { client, events, show, ofCall }
}

it('useHostEvents publishes each live event of a watched call once, in order, by the host contract', async () => {
  const { client, events, show, ofCall } = setUp(pinEntry)
  show()
  await actAndSettle(() => {})
  await playAll(client)
  await actAndSettle(() => client.emit(pinEntry.callId, 'call.hangup', { payload: { hangup_source: 'caller' } }))
  await actAndSettle(() => client.player.advance(90_000))
  expect(events[0]).toMatchObject({ type: 'ready', version: 1 })
  const names = events.map(({ type }) => type)
  expect(names.filter((name) => name === 'ready' || name === 'ticket-needed')).toEqual(['ready', 'ticket-needed'])
  expect(events).toContainEqual({ type: 'connection', status: 'live', isDegraded: false, retryAt: null })
  expect(ofCall().map(({ type }) => type)).toEqual([
    'call-ringing',
    'call-answered',
    'gather-started',
    'gather-ended',
    'collected',
    'call-ended',
    'wrap-up',
  ])
  expect(ofCall()[4]).toMatchObject({ callId: pinEntry.callId, name: 'digits', value: '5503', outcome: 'valid' })
  for (const event of events) expect(checkHostEvent(event)).toEqual({ ok: true, message: event })
})

it('useHostEvents publishes the events of a call that a list and a panel show once, in strict mode', async () => {
  const both = (
    <>
      <List />
      <Keys callId={pinEntry.callId} />
    </>
  )
  const { client, show, ofCall } = setUp(pinEntry, undefined, both)
  show()
  await actAndSettle(() => {})
  await playAll(client)
  await actAndSettle(() => client.emit(pinEntry.callId, 'call.hangup', { payload: { hangup_source: 'caller' } }))
  const names = ofCall().map(({ type }) => type)
  expect(names).toEqual(expect.arrayContaining(['call-ringing', 'call-answered', 'call-ended', 'collected']))
  expect(new Set(names).size).toBe(names.length)
})

it('useHostEvents publishes no event for the contents of a call’s first snapshot', async () => {
  const { client, show, ofCall } = setUp(pinEntry)
  await playTo(client, 9_000)
  show()
  await actAndSettle(() => {})
  expect(ofCall()).toEqual([])
})

it('useHostEvents publishes the events that a lost connection delayed, each once', async () => {
  const { client, show, ofCall } = setUp(pinEntry)
  show()
  await playTo(client, 5_000)
  client.faults.setUnreachable(true)
  client.faults.dropConnection()
  await playAll(client)
  client.emit(pinEntry.callId, 'call.hangup', { payload: {} })
  client.faults.setUnreachable(false)
  await actAndSettle(() => client.player.advance(30_000))
  const names = ofCall().map(({ type }) => type)
  expect(names).toEqual(expect.arrayContaining(['gather-ended', 'collected', 'call-ended']))
  expect(new Set(names).size).toBe(names.length)
})

it('useHostEvents publishes no digit of a masked gather', async () => {
  const { client, show, ofCall } = setUp(hiddenPin)
  show()
  await actAndSettle(() => {})
  await playAll(client)
  const collected = ofCall().find(({ type }) => type === 'collected')
  expect(collected).toMatchObject({ value: null, digitCount: 6, mask: 'digits' })
})

it('useHostEvents publishes an error with the call id when the server refuses to watch a call', async () => {
  const { client, show, ofCall } = setUp(pinEntry)
  client.faults.refuseCall(pinEntry.callId, socketError(gatherError('forbidden', 'No.')))
  show()
  await actAndSettle(() => client.player.advance(40_000))
  expect(ofCall()).toMatchObject([{ type: 'error', code: 'refused', callId: pinEntry.callId }])
})

it('useHostEvents reports an onEvent that throws, and the page keeps rendering', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { client, show } = setUp(pinEntry, () => {
    throw new Error('of the host')
  })
  show()
  await playAll(client)
  expect(screen.getByRole('status')).toHaveTextContent('5')
  expect(error).toHaveBeenCalledWith(expect.stringContaining('`onEvent` threw'), expect.any(Error))
  error.mockRestore()
})
