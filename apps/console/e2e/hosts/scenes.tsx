/** Every styled component in a fixed state. A scene's client plays its scenario to a fixed time and stays there. */
import {
  AskCaller,
  AssistantBar,
  CallList,
  CallTimeline,
  Collected,
  CommandButton,
  CommandNotice,
  CommandPalette,
  ConnectionBanner,
  ConnectionStatus,
  CurrentGather,
  DigitSlots,
  DtmfPad,
  GatherControls,
  GatherFields,
  GatherPanel,
  ShortcutHelp,
  Shortcuts,
  Transcript,
  useAnyCommand,
  WrapUp,
} from '@callgather/react'
import { type Scenario, type ScenarioClient, ScenarioWriter, scenarios } from '@callgather/react/testing'
import { CallWall } from '@callgather/react/wall'
import type { CSSProperties, ReactNode } from 'react'

/** A component, the state it shows, and the size of the box around it. */
export interface Scene {
  readonly element: ReactNode
  readonly scenario: Scenario | readonly Scenario[]
  /** The position of the player in milliseconds. Default: the last event. */
  readonly at?: number
  readonly prepare?: (client: ScenarioClient) => unknown
  readonly width?: number
  readonly height?: number
}

const { pinEntry, hiddenPin, menuWithWrongKey, aiBooking, assistantWhisper, hangupMidGather, refusedCommand } =
  scenarios

const ringing = new ScenarioWriter('Ringing', { from: '+15550009900' })
  .wait(5000)
  .event('call.initiated', { payload: { from: '+15550009900', to: '+15550002222', direction: 'incoming' } })
  .end()
const idle = new ScenarioWriter('Idle').answered({ callerName: 'Ada Lovelace' }).end()

const dispositions = [
  { id: 'sale', label: 'Sale' },
  { id: 'later', label: 'Call back' },
]

/** Content of the host, of a fixed size, so that it does not move the component around it. */
const hostStyle: CSSProperties = { width: 80, height: 30, margin: 0, padding: 0, boxSizing: 'border-box' }
const hostButton = (
  <button type="button" data-host="" style={hostStyle}>
    Hang up
  </button>
)

function HostCommand({ callId }: { readonly callId: string }) {
  const command = useAnyCommand(callId)
  return (
    <>
      <CommandButton command={command} icon="stop" variant="primary" onClick={() => {}}>
        Stop
      </CommandButton>
      <CommandNotice command={command} />
    </>
  )
}

/** The scenes by name. */
export const scenes: Readonly<Record<string, Scene>> = {
  GatherPanel: {
    element: (
      <GatherPanel callId={pinEntry.callId} callActions={hostButton} developer>
        {hostButton}
        <WrapUp />
      </GatherPanel>
    ),
    scenario: pinEntry,
    at: 7900,
    width: 1300,
    height: 800,
  },
  'GatherPanel, narrow': {
    element: <GatherPanel callId={aiBooking.callId} callActions={hostButton} />,
    scenario: aiBooking,
    at: 12_000,
  },
  'GatherPanel, ended': {
    element: (
      <GatherPanel callId={hangupMidGather.callId}>
        <WrapUp dispositions={dispositions} />
      </GatherPanel>
    ),
    scenario: hangupMidGather,
    width: 900,
    height: 800,
  },
  CallList: {
    element: <CallList selected={pinEntry.callId} onAnswer={() => {}} />,
    scenario: [pinEntry, aiBooking, assistantWhisper, menuWithWrongKey, hangupMidGather, ringing],
    at: 8000,
    width: 280,
    height: 500,
  },
  CallWall: {
    element: <CallWall onOpen={() => {}} />,
    scenario: [pinEntry, hiddenPin, aiBooking, assistantWhisper, refusedCommand, ringing],
    at: 8000,
    width: 800,
    height: 500,
  },
  'CallWall, empty': { element: <CallWall />, scenario: [], width: 500, height: 300 },
  Transcript: { element: <Transcript callId={menuWithWrongKey.callId} />, scenario: menuWithWrongKey, width: 500 },
  'Transcript of an assistant': {
    element: <Transcript callId={assistantWhisper.callId} />,
    scenario: assistantWhisper,
    width: 500,
  },
  AssistantBar: {
    element: <AssistantBar callId={assistantWhisper.callId} suggestions={['Ask for the PIN', 'Be brief']} />,
    scenario: assistantWhisper,
    at: 9500,
  },
  CallTimeline: { element: <CallTimeline callId={aiBooking.callId} />, scenario: aiBooking },
  'CallTimeline, as a table': {
    element: <CallTimeline callId={menuWithWrongKey.callId} />,
    scenario: menuWithWrongKey,
  },
  ConnectionStatus: { element: <ConnectionStatus callId={pinEntry.callId} />, scenario: pinEntry, at: 7900 },
  ConnectionBanner: {
    element: <ConnectionBanner callId={pinEntry.callId} />,
    scenario: pinEntry,
    at: 7900,
    prepare: async ({ faults, player }) => {
      faults.setUnreachable(true)
      await player.advance(20_000)
    },
  },
  DigitSlots: { element: <DigitSlots callId={pinEntry.callId} />, scenario: pinEntry, at: 7900 },
  'DigitSlots, hidden': { element: <DigitSlots callId={hiddenPin.callId} />, scenario: hiddenPin, at: 7200 },
  DtmfPad: { element: <DtmfPad callId={menuWithWrongKey.callId} />, scenario: menuWithWrongKey, at: 4500 },
  AskCaller: { element: <AskCaller callId={idle.callId} developer />, scenario: idle, width: 600 },
  'AskCaller, AI': { element: <AskCaller callId={idle.callId} />, scenario: idle, width: 340 },
  'AskCaller, closed': { element: <AskCaller callId={idle.callId} />, scenario: idle },
  CurrentGather: { element: <CurrentGather callId={aiBooking.callId} />, scenario: aiBooking, at: 12_000 },
  GatherControls: {
    element: <GatherControls callId={hiddenPin.callId} beside={<DtmfPad callId={hiddenPin.callId} />} />,
    scenario: hiddenPin,
    at: 7200,
  },
  GatherFields: { element: <GatherFields callId={aiBooking.callId} />, scenario: aiBooking, at: 12_000 },
  Collected: { element: <Collected callId={aiBooking.callId} />, scenario: aiBooking },
  WrapUp: { element: <WrapUp callId={aiBooking.callId} dispositions={dispositions} />, scenario: aiBooking },
  CommandButton: {
    element: (
      <div className="cg">
        <HostCommand callId={refusedCommand.callId} />
      </div>
    ),
    scenario: refusedCommand,
  },
  Shortcuts: {
    element: (
      <Shortcuts wholePage style={{ margin: 0, padding: 0 }}>
        <GatherPanel callId={idle.callId} />
        <ShortcutHelp />
        <CommandPalette />
      </Shortcuts>
    ),
    scenario: idle,
    width: 600,
    height: 700,
  },
}
