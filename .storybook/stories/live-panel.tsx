import { defaultPresets, GatherPanel, GatherProvider } from '@callgather/react'
import { createScenarioClient, type ScenarioClient } from '@callgather/react/testing'
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { HALF_PIN_MS, sampleCall } from './sample-call.ts'

/** How long the ended call stays on the screen before the next round. */
const REST_MS = 4000

const suggestions = ['Offer Thursday first.', 'Speak more slowly.']
/** Few, so that the collected values are in view. */
const presets = defaultPresets.slice(0, 2)

/** The panel, which plays a call again and again. For readers who want no motion, it waits at a moment of the call. */
export function LivePanel() {
  const [round, setRound] = useState(0)
  const [played, setPlayed] = useState<{ readonly round: number; readonly client: ScenarioClient } | null>(null)
  const restart = useCallback(() => setRound((count) => count + 1), [])
  useEffect(() => {
    const client = createScenarioClient(sampleCall)
    setPlayed({ round, client })
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) client.player.seek(HALF_PIN_MS).catch(reportError)
    else client.player.play()
    return () => client.close()
  }, [round])
  return (
    <div className="story-live">
      {played && (
        <GatherProvider key={played.round} client={played.client}>
          <Controls client={played.client} onRestart={restart} />
          <div className="story-live-panel">
            <GatherPanel callId={sampleCall.callId} suggestions={suggestions} presets={presets} />
          </div>
        </GatherProvider>
      )}
    </div>
  )
}

function Controls({ client, onRestart }: { readonly client: ScenarioClient; readonly onRestart: () => void }) {
  const { player } = client
  const { status, positionMs, durationMs } = useSyncExternalStore(player.subscribe, player.getSnapshot)
  const isPlaying = status === 'playing'
  const isOver = isPlaying && positionMs > durationMs + REST_MS
  useEffect(() => {
    if (isOver) onRestart()
  }, [isOver, onRestart])
  return (
    <div className="cg story-player">
      <button type="button" className="cg-button" data-size="small" onClick={isPlaying ? player.pause : player.play}>
        {isPlaying ? 'Pause' : 'Play'}
      </button>
      <button type="button" className="cg-button" data-size="small" onClick={onRestart}>
        Start again
      </button>
      <span>A recorded call. Every button works.</span>
    </div>
  )
}
