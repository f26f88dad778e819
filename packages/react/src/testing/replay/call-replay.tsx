/** The replay of an exported call for developers: the panel at any moment of the call, and the events that led there. */
import type { ExportedCall, Replay } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import {
  type KeyboardEvent,
  memo,
  type ReactElement,
  type ReactNode,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import type { GatherClient } from '../../client/gather-client.ts'
import { GatherProvider } from '../../hooks/provider.tsx'
import { ReplayPlayer, type ReplayState } from './replay-player.ts'
import { simulatorScript } from './simulator-script.ts'
import { vitestFile } from './vitest-file.ts'

/** The props of `CallReplay`. */
export interface CallReplayProps {
  /** The call, from `readExportedCall`. */
  readonly call: ExportedCall
  /** Renders the components to replay, such as a `GatherPanel`. They can send no commands. */
  readonly children: (callId: string) => ReactNode
}

/**
 * Replays an exported call: play, pause, speed, step by event, and a slider over the time of the call. Components show
 * the call as it was at each moment, forwards and backwards.
 *
 * For developers, so its texts are English. Styles: `@callgather/react/testing.css`.
 */
export function CallReplay({ call, children }: CallReplayProps): ReactElement {
  const player = useMemo(() => new ReplayPlayer(call), [call])
  useEffect(() => player.pause, [player])
  const state = useSyncExternalStore(player.subscribe, player.getSnapshot, player.getSnapshot)
  const { client } = state
  return (
    <section className="cg cg-replay" aria-label="Replay">
      <div className="cg-replay-tools">
        <Controls player={player} state={state} />
        <CopyAsScenario call={call} />
        <CurrentEvent call={call} position={state.position} />
      </div>
      <OwnCache key={client.session.id} client={client}>
        <div className="cg-replay-panel">{children(call.callId)}</div>
      </OwnCache>
    </section>
  )
}

/** Provides a client with its own cache, so that the application's cache never holds a replay. */
function OwnCache({ client, children }: { readonly client: GatherClient; readonly children: ReactNode }) {
  const [queryClient] = useState(() => new QueryClient())
  return (
    <GatherProvider client={client} queryClient={queryClient}>
      {children}
    </GatherProvider>
  )
}

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16]

/** How far Page Up and Page Down move, in milliseconds. */
const PAGE_MS = 10_000

/** Moves by a key of the slider. Returns `false` for any other key. */
function moveByKey(player: ReplayPlayer, key: string): boolean {
  const { length } = player
  const { timeMs } = player.getSnapshot()
  if (key === 'ArrowLeft' || key === 'ArrowDown') player.step(-1)
  else if (key === 'ArrowRight' || key === 'ArrowUp') player.step(1)
  else if (key === 'PageDown') player.seek(timeMs - PAGE_MS)
  else if (key === 'PageUp') player.seek(timeMs + PAGE_MS)
  else if (key === 'Home') player.step(-length)
  else if (key === 'End') player.step(length)
  else return false
  return true
}

function Controls({ player, state }: { readonly player: ReplayPlayer; readonly state: ReplayState }) {
  const { replay, length, isAtEnd } = player
  const { position, timeMs, status, speed } = state
  const isPlaying = status === 'playing'
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !moveByKey(player, event.key)) return
    event.preventDefault()
    // The page may have a shortcut for this key.
    event.stopPropagation()
  }
  const place = `${clockText(timeMs)} of ${clockText(replay.durationMs)}`
  return (
    <>
      <div className="cg-replay-bar" role="toolbar" aria-label="Replay">
        <Button name="Step back" aria-disabled={position === 0} run={() => player.step(-1)} />
        <Button name={isPlaying ? 'Pause' : 'Play'} run={isPlaying ? player.pause : player.play} />
        <Button name="Step forward" aria-disabled={isAtEnd} run={() => player.step(1)} />
        <label className="cg-replay-speed">
          Speed
          <select
            className="cg-input"
            value={speed}
            onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
          >
            {SPEEDS.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
        <span className="cg-replay-place">{place}</span>
      </div>
      <div className="cg-replay-slider">
        <Ticks replay={replay} />
        <input
          type="range"
          aria-label="Position"
          aria-valuetext={`${place}, ${eventText(replay.call, position)}`}
          min={0}
          max={Math.max(1, replay.durationMs)}
          step="any"
          value={length > 0 && isAtEnd ? Math.max(1, replay.durationMs) : timeMs}
          onKeyDown={onKeyDown}
          onChange={(event) => player.seek(Number(event.currentTarget.value))}
        />
      </div>
    </>
  )
}

function Button({
  name,
  run,
  'aria-disabled': isDisabled = false,
}: {
  readonly name: string
  readonly run: () => void
  /** `disabled` would lose the focus. */
  readonly 'aria-disabled'?: boolean
}) {
  return (
    <button type="button" className="cg-button" data-size="small" aria-disabled={isDisabled} onClick={run}>
      {name}
    </button>
  )
}

/** The number of places at which a tick can be drawn, because 10,000 ticks would be one bar. */
const TICK_PLACES = 400

/** A tick on the slider at each moment with an event. */
const Ticks = memo(function Ticks({ replay }: { readonly replay: Replay }) {
  const places = new Set(
    replay.call.events.map((_, index) =>
      Math.round((replay.timeAt(index + 1) / Math.max(1, replay.durationMs)) * TICK_PLACES),
    ),
  )
  const path = [...places].map((place) => `M${place} 0V1`).join('')
  return (
    <svg className="cg-replay-ticks" viewBox={`0 0 ${TICK_PLACES} 1`} preserveAspectRatio="none" aria-hidden>
      <path d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  )
})

function CurrentEvent({ call, position }: { readonly call: ExportedCall; readonly position: number }) {
  const event = call.events[position - 1]
  return (
    <details className="cg-replay-event">
      <summary>{eventText(call, position)}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable with the keyboard */}
      <pre tabIndex={0}>{event ? JSON.stringify(event, null, 2) : 'Nothing has happened yet.'}</pre>
    </details>
  )
}

const copies = { test: vitestFile, 'simulator script': simulatorScript } as const

/** Buttons that copy the call as a test and as a script of the simulator. */
function CopyAsScenario({ call }: { readonly call: ExportedCall }) {
  const [result, setResult] = useState('')
  const copy = (name: keyof typeof copies) => {
    const { fileName, text } = copies[name](call)
    navigator.clipboard.writeText(text).then(
      () => setResult(`Copied. Paste it into ${fileName}.`),
      () => setResult('Couldn’t copy. Allow this page to use the clipboard, and try again.'),
    )
  }
  return (
    <p className="cg-replay-copy">
      Copy as scenario
      <Button name="Test" run={() => copy('test')} />
      <Button name="Simulator script" run={() => copy('simulator script')} />
      <span role="status">{result}</span>
    </p>
  )
}

/** Says which event arrived last, such as `event 5 of 40: call.dtmf.received`. */
function eventText({ events }: ExportedCall, position: number): string {
  const event = events[position - 1]
  return event
    ? `event ${position} of ${events.length}: ${event.event_type}`
    : `before the first of ${events.length} events`
}

/** Formats a time of the replay, such as `1:05.3`. */
function clockText(timeMs: number): string {
  const tenths = Math.floor(timeMs / 100)
  const seconds = (tenths % 600) / 10
  return `${Math.floor(tenths / 600)}:${seconds.toFixed(1).padStart(4, '0')}`
}
