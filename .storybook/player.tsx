import type { ScenarioClient } from '@callgather/react/testing'
import { useSyncExternalStore } from 'react'

/** Plays a scenario by hand: as it happened, faster, or event by event. */
export function Player({ client }: { readonly client: ScenarioClient }) {
  const { player } = client
  const { status, position, duration, speed } = useSyncExternalStore(player.subscribe, player.getSnapshot)
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
        disabled={playing || position >= duration}
      >
        Step
      </button>
      <button
        type="button"
        className="cg-button"
        data-size="small"
        onClick={() => void player.playAll()}
        disabled={position >= duration}
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
      <progress max={duration} value={Math.min(position, duration)} aria-label="Position" />
      <output>
        {seconds(position)} of {seconds(duration)}
      </output>
    </div>
  )
}
