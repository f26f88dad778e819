import { restoreCallState, type SerializedCallState, selectCallPhase, selectGather } from '@callgather/protocol'
import { pinEntry, twoGathers } from '@callgather/protocol/scenarios'
import { dehydrate, hydrate, QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query'
import { render, renderHook, screen } from '@testing-library/react'
import { createElement, type ReactNode, StrictMode, useState } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, it, vi } from 'vitest'
import { gatherKeys } from '../query/keys.ts'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from '../testing/scenario-client.ts'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { GatherProvider, useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'
import { useCallGather } from './use-call-gather.ts'
import { useCallTimeline } from './use-call-timeline.ts'
import { useCalls } from './use-calls.ts'
import { useConnection } from './use-connection.ts'
import { useDtmf } from './use-dtmf.ts'
import { usePlayback } from './use-playback.ts'
import { useTranscript } from './use-transcript.ts'

const { callId } = pinEntry

describe('useCall', () => {
  it('useCall returns a slice of the call at once, and a new slice when the slice changes', async () => {
    const client = createScenarioClient(pinEntry)
    const { result } = renderHookWithClient(client, () => useCall(callId, ({ state }) => selectCallPhase(state)))
    expect(result.current).toBe('unknown')
    await playTo(client, 0)
    expect(result.current).toBe('ringing')
    await playTo(client, 3_000)
    expect(result.current).toBe('answered')
  })

  it('useCall does not render a component again while its slice stays deeply equal', async () => {
    const client = createScenarioClient(pinEntry)
    let renders = 0
    const { result } = renderHookWithClient(client, () => {
      renders++
      return useCall(callId, ({ state, sync }) => ({ phase: selectCallPhase(state), sync }))
    })
    await playTo(client, 3_000)
    const before = renders
    await playTo(client, 9_000)
    expect(renders).toBe(before)
    expect(result.current).toEqual({ phase: 'answered', sync: 'live' })
  })

  it('useCall returns undefined when its selector returns undefined', async () => {
    const client = createScenarioClient(pinEntry)
    const { result } = renderHookWithClient(client, () =>
      useCall(callId, ({ sync }) => (sync === 'live' ? undefined : sync)),
    )
    expect(result.current).toBe('connecting')
    await playTo(client, 3_000)
    expect(result.current).toBeUndefined()
  })

  it('useCall returns the slice of another call when its call id changes', async () => {
    const client = createScenarioClient([pinEntry, twoGathers])
    let setId: (id: string) => void = () => {}
    const { result } = renderHookWithClient(client, () => {
      const [id, set] = useState(callId)
      setId = set
      return useCall(id, ({ state }) => `${state.callId} ${state.gathers.size}`)
    })
    await playAll(client)
    expect(result.current).toBe(`${callId} 1`)
    await actAndSettle(() => setId(twoGathers.callId))
    expect(result.current).toBe(`${twoGathers.callId} 2`)
  })

  it('useCall returns a call state that a host can dehydrate in its own query and restore', async () => {
    const client = createScenarioClient(pinEntry)
    const { result } = renderHookWithClient(client, () => useCall(callId, ({ state }) => state))
    await playAll(client)
    const before = new QueryClient()
    before.setQueryData(['saved'], result.current)
    const after = new QueryClient()
    hydrate(after, JSON.parse(JSON.stringify(dehydrate(before))))
    const saved = after.getQueryData<SerializedCallState>(['saved'])
    if (!saved) throw new Error('Nothing was restored.')
    const restored = restoreCallState(saved)
    expect(restored).toEqual(result.current)
    expect(selectGather(restored)).toEqual(selectGather(result.current))
    expect(restored.keys.size).toBe(5)
  })

  it('useCall watches a call once in strict mode, and the client disconnects after the last unmount', async () => {
    const asked = vi.spyOn(ScenarioServer.prototype, 'answerWatch')
    const client = createScenarioClient(pinEntry)
    const { unmount } = renderHookWithClient(client, () => {
      useCall(callId, ({ sync }) => sync)
      return useCall(callId, ({ state }) => state.keys.size)
    })
    await playTo(client, 3_000)
    expect(asked).toHaveBeenCalledTimes(1)
    unmount()
    await playTo(client, 10_000)
    expect(client.connection.getSnapshot().status).toBe('idle')
    asked.mockRestore()
  })
})

function Probe({ seen }: { seen: (client: QueryClient) => void }) {
  seen(useQueryClient())
  return null
}

describe('GatherProvider', () => {
  it('GatherProvider uses the QueryClient of the host, or creates one if the host has none', () => {
    const client = createScenarioClient(pinEntry)
    const host = new QueryClient()
    const seen = vi.fn()
    render(
      <QueryClientProvider client={host}>
        <GatherProvider client={client}>
          <Probe seen={seen} />
        </GatherProvider>
      </QueryClientProvider>,
    )
    expect(seen).toHaveBeenLastCalledWith(host)
    const { rerender } = render(<GatherProvider client={client}>{<Probe seen={seen} />}</GatherProvider>)
    const own = seen.mock.lastCall?.[0]
    expect(own).toBeInstanceOf(QueryClient)
    expect(own).not.toBe(host)
    rerender(<GatherProvider client={client}>{<Probe seen={seen} />}</GatherProvider>)
    expect(seen.mock.lastCall?.[0]).toBe(own)
  })

  it('a hook outside of GatherProvider throws an error that names the provider', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(() => renderHook(() => useGatherClient())).toThrow(/not inside a <GatherProvider>/)
    error.mockRestore()
  })

  it('GatherProvider caches each call under its public query key', async () => {
    const client = createScenarioClient(pinEntry)
    const host = new QueryClient()
    const wrapper = ({ children }: { children: ReactNode }) => (
      <GatherProvider client={client} queryClient={host}>
        {children}
      </GatherProvider>
    )
    renderHook(() => useDtmf(callId), { wrapper })
    await playAll(client)
    expect(host.getQueryData(gatherKeys.call(client, callId))).toMatchObject({ sync: 'live' })
  })
})

type Counts = Record<string, number>

function count(counts: Counts, name: string) {
  counts[name] = (counts[name] ?? 0) + 1
  return null
}

function Digits({ counts }: { counts: Counts }) {
  useDtmf(callId)
  return count(counts, 'digits')
}

function Phase({ counts }: { counts: Counts }) {
  useCall(callId, ({ state }) => selectCallPhase(state))
  return count(counts, 'phase')
}

function Line({ counts }: { counts: Counts }) {
  useConnection()
  return count(counts, 'connection')
}

function Prompt({ counts }: { counts: Counts }) {
  usePlayback(callId)
  return count(counts, 'playback')
}

/** A console of fifty components, five of which show digits. */
function Console({ counts }: { counts: Counts }) {
  const parts = [Digits, Phase, Phase, Phase, Line, Line, Line, Prompt, Prompt, Prompt]
  return Array.from({ length: 50 }, (_, place) => {
    const Part = parts[place % parts.length] ?? Digits
    return createElement(Part, { key: place, counts })
  })
}

describe('a key press', () => {
  it('a key press of the caller renders only the components that show digits', async () => {
    const client = createScenarioClient(pinEntry)
    const counts: Counts = {}
    render(
      <GatherProvider client={client} queryClient={new QueryClient()}>
        <Console counts={counts} />
      </GatherProvider>,
    )
    await playTo(client, 6_600)
    for (const name of Object.keys(counts)) delete counts[name]
    await actAndSettle(() => client.press(callId, '5'))
    expect(counts).toEqual({ digits: 5 })
  })
})

function Everything() {
  useCallGather(callId)
  useTranscript(callId)
  useCallTimeline(callId)
  useCalls()
  usePlayback(callId)
  const { status } = useConnection()
  const { gather } = useDtmf(callId)
  return <output>{`${status} ${gather?.status ?? 'none'}`}</output>
}

describe('on a server', () => {
  it('hooks render the initial state on a server and open no connection', () => {
    const client = createScenarioClient(pinEntry)
    const html = renderToString(
      <StrictMode>
        <GatherProvider client={client}>
          <Everything />
        </GatherProvider>
      </StrictMode>,
    )
    expect(html).toBe('<output>idle none</output>')
    expect(client.connection.getSnapshot().status).toBe('idle')
  })

  it('server-rendered hooks hydrate in the browser without a warning', async () => {
    const client: ScenarioClient = createScenarioClient(pinEntry)
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const tree = (
      <GatherProvider client={client} queryClient={new QueryClient()}>
        <Everything />
      </GatherProvider>
    )
    const container = document.createElement('div')
    container.innerHTML = renderToString(tree)
    document.body.append(container)
    render(tree, { container, hydrate: true })
    await playAll(client)
    expect(screen.getByRole('status')).toHaveTextContent('live ended')
    expect(error).not.toHaveBeenCalled()
    error.mockRestore()
  })
})
