/** Checks that an event of a call rerenders only the components that show the event. */
import { pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { cleanup, render } from '@testing-library/react'
import { Profiler, type ReactElement } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { GatherProvider } from '../hooks/provider.tsx'
import { actAndSettle, playTo } from '../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from '../testing/scenario-client.ts'
import { AssistantBar } from './assistant-bar/assistant-bar.tsx'
import { Collected } from './collected/collected.tsx'
import { ConnectionStatus } from './connection-status/connection-status.tsx'
import { DigitSlots } from './digit-slots/digit-slots.tsx'
import { DtmfPad } from './dtmf-pad/dtmf-pad.tsx'
import { GatherFields } from './gather-fields/gather-fields.tsx'
import { GatherPanel } from './gather-panel/gather-panel.tsx'
import { Transcript } from './transcript/transcript.tsx'
import { WrapUp } from './wrap-up/wrap-up.tsx'

const { callId } = pinEntry

const parts = {
  pad: <DtmfPad callId={callId} />,
  slots: <DigitSlots callId={callId} />,
  transcript: <Transcript callId={callId} />,
  fields: <GatherFields callId={callId} />,
  collected: <Collected callId={callId} />,
  wrapUp: <WrapUp callId={callId} />,
  assistant: <AssistantBar callId={callId} />,
  connection: <ConnectionStatus callId={callId} />,
} satisfies Record<string, ReactElement>

/** Renders a console during a gather and counts the later commits of each component. */
async function consoleOf(shown: Record<string, ReactElement>) {
  const client: ScenarioClient = createScenarioClient(pinEntry)
  const counts: Record<string, number> = {}
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      {Object.entries(shown).map(([name, part]) => (
        <Profiler
          key={name}
          id={name}
          onRender={(id) => {
            counts[id] = (counts[id] ?? 0) + 1
          }}
        >
          {part}
        </Profiler>
      ))}
    </GatherProvider>,
  )
  await playTo(client, 6_600)
  return {
    client,
    /** Returns the number of commits of each component while `run` runs. */
    during: async (run: () => unknown) => {
      for (const name of Object.keys(counts)) delete counts[name]
      await actAndSettle(run)
      return { ...counts }
    },
  }
}

afterEach(cleanup)

describe('rerenders of a console', () => {
  it('a key press rerenders only the DTMF pad, the digit slots and the transcript', async () => {
    const { client, during } = await consoleOf(parts)
    const counts = await during(() => client.press(callId, '5'))
    expect(Object.keys(counts).sort()).toEqual(['pad', 'slots', 'transcript'])
  })

  it('the first partial transcript rerenders only the transcript and the assistant bar', async () => {
    const { client, during } = await consoleOf(parts)
    const say = (transcript: string) =>
      client.emit(callId, 'call.transcription', { payload: { transcription_data: { transcript, is_final: false } } })
    const first = await during(() => say('I'))
    expect(Object.keys(first).sort()).toEqual(['assistant', 'transcript'])
    // The assistant bar already shows that the caller speaks, so only the transcript changes.
    expect(Object.keys(await during(() => say('I would')))).toEqual(['transcript'])
  })

  it('beacons rerender no component, and each clock of the panel rerenders at most once per second', async () => {
    const { client, during } = await consoleOf({ ...parts, panel: <GatherPanel callId={callId} /> })
    await actAndSettle(() => client.player.playAll())
    const { panel = 0, ...others } = await during(() => client.player.advance(10_000))
    expect(others).toEqual({})
    expect(panel).toBeLessThanOrEqual(2 * 10)
  })
})
