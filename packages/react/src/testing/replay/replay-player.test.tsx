import { foldCall } from '@callgather/protocol'
import { aiBooking, hangupMidGather, pinEntry, type Scenario, unknownOutcome } from '@callgather/protocol/scenarios'
import { act, fireEvent, render, screen } from '@testing-library/react'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { CallFeed } from '../../client/feed.ts'
import { GatherPanel } from '../../components/gather-panel/gather-panel.tsx'
import { actAndSettle } from '../render-hook.tsx'
import { CallReplay } from './call-replay.tsx'
import { ReplayPlayer } from './replay-player.ts'

const exported = ({ callId, steps }: Scenario) => ({ callId, events: steps.map(({ event }) => event) })

/** Watches the call of a player's current client and returns its last feed. */
function feedOf(player: ReplayPlayer): CallFeed {
  const feeds: CallFeed[] = []
  const abort = new AbortController()
  const { client } = player.getSnapshot()
  client.watch(player.replay.call.callId, { signal: abort.signal, onFeed: (feed) => feeds.push(feed) }).catch(() => {})
  abort.abort()
  return feeds.at(-1) as CallFeed
}

/** Returns what a panel shows, without the ids that React generates. */
const shown = () => screen.getByRole('article').innerHTML.replaceAll(/_r_\w+_/g, 'id')

function Replay({ scenario }: { readonly scenario: Scenario }) {
  return <CallReplay call={exported(scenario)}>{(callId) => <GatherPanel callId={callId} />}</CallReplay>
}

const press = (key: string) => actAndSettle(() => fireEvent.keyDown(screen.getByRole('slider'), { key }))

describe('a replay player', () => {
  it('publishes after any moves the state that the fold of the prefix has', () => {
    const call = exported(aiBooking)
    const move = fc.oneof(
      fc.record({ step: fc.integer({ min: -8, max: 8 }) }),
      fc.record({ seek: fc.integer({ min: -1_000, max: 30_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(move, { maxLength: 10 }), (moves) => {
        const player = new ReplayPlayer(call)
        for (const each of moves) {
          if ('step' in each) player.step(each.step)
          else player.seek(each.seek)
          const { position, timeMs, client } = player.getSnapshot()
          const { state, sync } = feedOf(player)
          expect(sync).toBe('live')
          expect(JSON.stringify(state)).toBe(JSON.stringify(foldCall(call.callId, call.events.slice(0, position))))
          expect(client.clock.now()).toBe(player.replay.startedAtMs + timeMs)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('plays at the chosen speed to the end, and from the start after the end', () => {
    vi.useFakeTimers()
    try {
      const player = new ReplayPlayer(exported(pinEntry))
      player.setSpeed(4)
      player.play()
      vi.advanceTimersByTime(1_000)
      expect(player.getSnapshot().timeMs).toBeCloseTo(4_000, -2)
      vi.advanceTimersByTime(60_000)
      expect(player.getSnapshot()).toMatchObject({ status: 'paused', position: pinEntry.steps.length })
      player.play()
      expect(player.getSnapshot()).toMatchObject({ status: 'playing', timeMs: 0 })
      player.pause()
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps the client while it moves forwards, and replaces the client when it moves back', () => {
    const player = new ReplayPlayer(exported(pinEntry))
    const { client } = player.getSnapshot()
    player.step(3)
    player.seek(5_000)
    expect(player.getSnapshot().client).toBe(client)
    player.step(-1)
    expect(player.getSnapshot().client).not.toBe(client)
  })

  it('refuses commands, and calls that are not in the replay', async () => {
    const player = new ReplayPlayer(exported(pinEntry))
    const { client } = player.getSnapshot()
    await expect(client.command(pinEntry.callId, 'gather_stop', {})).rejects.toThrow('This is a replay.')
    await expect(client.watch('v3:other', { onFeed: () => {} })).rejects.toMatchObject({ reason: { status: 404 } })
  })
})

describe('a replayed panel', () => {
  it.each(
    process.env.CALLGATHER_LONG ? [pinEntry, hangupMidGather, unknownOutcome] : [hangupMidGather, unknownOutcome],
  )(
    'shows on the way back what it showed on the way there: $title',
    async (scenario) => {
      render(<Replay scenario={scenario} />)
      const there: string[] = []
      for (const _ of scenario.steps) {
        // Remounted at this position, so that the way there has no announcements either.
        await press('ArrowRight')
        await press('ArrowRight')
        await press('ArrowLeft')
        there.push(shown())
      }
      expect(new Set(there).size).toBeGreaterThan(2)
      await press('End')
      for (let position = there.length - 1; position > 0; position--) {
        await press('ArrowLeft')
        expect(shown(), `position ${position}`).toBe(there[position - 1])
      }
    },
    60_000,
  )

  it('announces the time and the event of the position, and offers no command', async () => {
    render(<Replay scenario={pinEntry} />)
    const slider = screen.getByRole('slider', { name: 'Position' })
    expect(slider).toHaveAttribute(
      'aria-valuetext',
      `0:00.0 of 0:09.0, before the first of ${pinEntry.steps.length} events`,
    )
    await press('ArrowRight')
    await press('ArrowRight')
    expect(slider).toHaveAttribute(
      'aria-valuetext',
      expect.stringMatching(/^0:02\.0 of .*, event 2 of .*call\.answered$/),
    )
    expect(screen.getByText('View only')).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Ask the caller' })).toBeNull()
  })

  it('replays the next call without anything of the last call', async () => {
    const { rerender } = render(<Replay scenario={pinEntry} />)
    await press('End')
    expect(screen.getByText('5503')).toBeInTheDocument()
    await act(async () => rerender(<Replay scenario={hangupMidGather} />))
    await actAndSettle(() => {})
    expect(screen.queryByText('5503')).toBeNull()
    expect(screen.getByRole('slider')).toHaveAttribute('aria-valuetext', expect.stringContaining('before the first'))
  })
})
