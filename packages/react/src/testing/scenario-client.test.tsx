import { foldCall, selectGather } from '@callgather/protocol'
import { hangupMidGather, pinEntry, scenarios } from '@callgather/protocol/scenarios'
import { act, render, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { CallFeed } from '../client/feed.ts'
import { GatherProvider } from '../hooks/provider.tsx'
import { useCallGather } from '../hooks/use-call-gather.ts'
import { createScenarioClient } from './scenario-client.ts'

/** Watches a call and records its feeds. */
function watch(client: ReturnType<typeof createScenarioClient>, callId: string) {
  const feeds: CallFeed[] = []
  const abort = new AbortController()
  const done = client.watch(callId, { signal: abort.signal, onFeed: (feed) => feeds.push(feed) })
  return { feeds, done, abort, last: () => feeds.at(-1) as CallFeed }
}

function Digits() {
  const { status, digits } = useCallGather(pinEntry.callId)
  return <output>{`${status} ${digits}`}</output>
}

describe('a scenario client', () => {
  it.each(Object.entries(scenarios))(
    'the scenario client plays %s until its state equals the fold of all events',
    async (_, scenario) => {
      const client = createScenarioClient(scenario)
      const { last } = watch(client, scenario.callId)
      await client.player.playAll()
      const expected = foldCall(
        scenario.callId,
        scenario.steps.map((step) => step.event),
      )
      expect(JSON.stringify(last().state)).toBe(JSON.stringify(expected))
      expect(last().sync).toBe('live')
    },
  )

  it('the scenario client steps from an event to the next event', async () => {
    const client = createScenarioClient(pinEntry)
    const { last } = watch(client, pinEntry.callId)
    await client.player.seek(0)
    expect(last().state.initiated).not.toBeNull()
    await client.player.step()
    expect(last().state.answered).not.toBeNull()
  })

  it('the scenario client ends the subscription of a call a minute after the hang-up', async () => {
    const client = createScenarioClient(hangupMidGather)
    const { last, done } = watch(client, hangupMidGather.callId)
    await client.player.playAll()
    expect(last().sync).toBe('live')
    await client.player.advance(61_000)
    expect(last().sync).toBe('ended')
    await done
  })

  it('the scenario client publishes pressed keys to a rendered hook', async () => {
    const client = createScenarioClient(pinEntry)
    render(
      <GatherProvider client={client}>
        <Digits />
      </GatherProvider>,
    )
    expect(screen.getByRole('status')).toHaveTextContent('connecting')
    await act(() => client.player.playAll())
    expect(await screen.findByText('ended 5503')).toBeInTheDocument()
  })

  it('the scenario client ends the gather after a stop command', async () => {
    const client = createScenarioClient(pinEntry)
    const { last } = watch(client, pinEntry.callId)
    await client.player.seek(8_000)
    expect(selectGather(last().state)?.status).toBe('collecting')
    await client.command(pinEntry.callId, 'gather_stop', {}, { requestId: 'stop-1' })
    await client.player.advance(0)
    expect(selectGather(last().state)).toMatchObject({ status: 'ended', outcome: 'cancelled' })
    expect(client.commands).toMatchObject([{ name: 'gather_stop', requestId: 'stop-1' }])
  })
})
