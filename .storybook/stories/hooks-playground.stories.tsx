import {
  useAIGather,
  useAssistant,
  useCall,
  useCallGather,
  useCalls,
  useCallTimeline,
  useCollected,
  useCommand,
  useConnection,
  useDtmf,
  useGatherDraft,
  useLanguage,
  usePlayback,
  useServerTime,
  useTranscript,
  useWrapUp,
} from '@callgather/react'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useId } from 'react'
import { HALF_PIN_MS, sampleCall } from './sample-call.ts'

const { callId } = sampleCall

/** Each hook with the arguments that a component gives it. */
const hooks: readonly (readonly [call: string, run: () => unknown])[] = [
  ['useCallGather(callId)', () => useCallGather(callId)],
  ['useDtmf(callId)', () => useDtmf(callId)],
  ['useCollected(callId)', () => useCollected(callId)],
  ['useAIGather(callId)', () => useAIGather(callId)],
  ['useTranscript(callId)', () => useTranscript(callId)],
  ['useAssistant(callId)', () => useAssistant(callId)],
  ['usePlayback(callId)', () => usePlayback(callId)],
  ['useCallTimeline(callId)', () => useCallTimeline(callId)],
  ['useWrapUp(callId)', () => useWrapUp(callId)],
  ['useCalls()', () => useCalls()],
  ['useConnection()', () => useConnection()],
  ['useCall(callId, ({ state }) => state.keys.size)', () => useCall(callId, ({ state }) => state.keys.size)],
  ["useCommand(callId, 'gather_stop')", () => useCommand(callId, 'gather_stop')],
  ['useServerTime(callId, 1000)', () => new Date(useServerTime(callId, 1000))],
  ['useGatherDraft(callId)', () => useGatherDraft(callId)],
  ['useLanguage()', () => useLanguage().locale],
]

const MAX_ITEMS = 3

/** Writes a result as text. Of a long list, the last items count: they are the newest. */
const textOf = (result: unknown) =>
  JSON.stringify(
    result,
    (_, value: unknown) => {
      if (typeof value === 'function') return '(function)'
      if (!Array.isArray(value) || value.length <= MAX_ITEMS) return value
      return [`(${value.length - MAX_ITEMS} more)`, ...value.slice(-MAX_ITEMS)]
    },
    2,
  )

function Result({ call, run }: { readonly call: string; readonly run: () => unknown }) {
  const id = useId()
  const text = textOf(run())
  return (
    <section className="story-hook" aria-labelledby={id}>
      <h3 id={id}>
        <code>{call}</code>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls a long result. */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  )
}

function Playground() {
  return (
    <div className="story-hooks">
      {hooks.map(([call, run]) => (
        <Result key={call} call={call} run={run} />
      ))}
    </div>
  )
}

const meta = {
  title: 'Hooks playground',
  component: Playground,
  tags: ['!autodocs'],
  parameters: { scenario: sampleCall, at: HALF_PIN_MS, player: true, wide: true },
} satisfies Meta<typeof Playground>

export default meta
type Story = StoryObj<typeof meta>

/** What each hook returns while a call goes on. Play the call, or step from event to event. */
export const EveryHook: Story = {
  parameters: { shows: ['Play', 'useCallGather(callId)', '"status": "collecting"', '40718832', 'useLanguage()'] },
}
