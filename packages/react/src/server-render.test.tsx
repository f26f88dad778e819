// @vitest-environment node
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import type { ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CallWall } from './components/call-wall/index.ts'
import * as exported from './index.ts'
import { callQueryOptions, callsQueryOptions, createGatherClient, GatherPanel, GatherProvider } from './index.ts'
import { createScenarioClient, scenarios } from './testing/index.ts'

describe('a panel rendered on a server', () => {
  it('a panel rendered on a server leaves no timer behind that would keep the process alive', () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const client = createGatherClient({ url: 'http://127.0.0.1:1', getTicket: async () => 'ticket' })
    const html = renderToString(
      <GatherProvider client={client}>
        <GatherPanel callId="call-1" />
      </GatherProvider>,
    )
    expect(html).toContain('class="cg')
    client.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('HTML rendered on a server', () => {
  const { aiBooking, pinEntry, assistantWhisper } = scenarios
  const callIds = [aiBooking, pinEntry, assistantWhisper].map(({ callId }) => callId)
  /** The styled components, by the name of their export. */
  const components = Object.entries({ ...exported, CallWall }).filter(([name]) =>
    /^(AskCaller|AssistantBar|Call(List|Timeline|Wall)|Collected|Connection(Banner|Status)|CurrentGather|DigitSlots|DtmfPad|Gather(Controls|Fields|Panel)|Transcript|WrapUp)$/.test(
      name,
    ),
  ) as [string, (props: { callId?: string }) => ReactElement][]

  it.each(components)(
    'of %s has no style attribute, which a strict content security policy blocks',
    async (_, Component) => {
      const client = createScenarioClient([aiBooking, pinEntry, assistantWhisper])
      const cache = new QueryClient()
      // Observers keep the calls in the cache, as a loader on a server does.
      const stops = [
        new QueryObserver(cache, callsQueryOptions(client)).subscribe(() => {}),
        ...callIds.map((id) => new QueryObserver(cache, callQueryOptions(client, id)).subscribe(() => {})),
      ]
      onTestFinished(() => {
        for (const stop of stops) stop()
        client.close()
      })
      await client.player.seek(12_000)
      await vi.waitFor(() => expect(cache.getQueryData(callsQueryOptions(client).queryKey)?.calls).toHaveLength(3))
      const html = callIds.map((callId) =>
        renderToString(
          <GatherProvider client={client} queryClient={cache}>
            <Component callId={callId} />
          </GatherProvider>,
        ),
      )
      expect(html.join('')).not.toContain(' style=')
    },
  )
})
