import type { ScenarioClient } from '@callgather/react/testing'
import { useSyncExternalStore } from 'react'

/** A toolbar that plays a scenario at any speed or steps through its events. */
export function Player({ client }: { readonly client: ScenarioClient }) {
  const { player } = client
  const { status, positionMs, durationMs, speed } = useSyncExternalStore(player.subscribe, player.getSnapshot)
  const playing = status === 'playing'
  const seconds = (millis: number) => `${(millis / 1000).toFixed(1)} s`
  return (
    <div className="cg story-player" role="toolbar" aria-label="Scenario player">
      <button type="button" className="cg-button" data-size="small" onClick={playing ? player.pause : player.play}>
        {playing ? 'Pause' : 'Play'}
      </button>
      <button
        type="button"
        className="cg-button"
        data-size="small"
        onClick={() => void player.step()}
        disabled={playing || positionMs >= durationMs}
      >
        Step
      </button>
      <button
        type="button"
        className="cg-button"
        data-size="small"
        onClick={() => void player.playAll()}
        disabled={positionMs >= durationMs}
      >
        To the end
      </button>
      <label>
        Speed
        <select
          className="cg-input"
          value={speed}
          onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
        >
          {[0.5, 1, 2, 5, 10].map((it) => (
            <option key={it} value={it}>
              {it}×
            </option>
          ))}
        </select>
      </label>
      <progress max={durationMs} value={Math.min(positionMs, durationMs)} aria-label="Position" />
      <output>
        {seconds(positionMs)} of {seconds(durationMs)}
      </output>
    </div>
  )
}
