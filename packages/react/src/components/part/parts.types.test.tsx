/** What the compiler knows of parts. Checked by `pnpm typecheck`; what they do is in the stories named `Composed`. */
import type { ReactElement } from 'react'
import { expectTypeOf, test } from 'vitest'
import type { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { CallList } from '../call-list/call-list.tsx'
import { CallTimeline } from '../call-timeline/call-timeline.tsx'
import { GatherPanel } from '../gather-panel/gather-panel.tsx'

type Props<Component extends (props: never) => unknown> = Parameters<Component>[0]

test('a part takes the attributes of its element', () => {
  expectTypeOf<Props<typeof AssistantBar.Message>['maxLength']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Props<typeof AssistantBar.Whisper>>().not.toHaveProperty('maxLength')
  expectTypeOf<Props<typeof CallList.Duration>['dateTime']>().toEqualTypeOf<string | undefined>()
})

test('what a part cannot do without must be given', () => {
  // Its call may come from the scope around it.
  const timeline = () => <CallTimeline.Root />
  // @ts-expect-error a row is of a call
  const row = () => <CallList.Call />
  // @ts-expect-error without saying how a row is drawn there is none
  const view = () => <CallList.View />
  expectTypeOf(timeline).returns.toExtend<ReactElement>()
  expectTypeOf(row).returns.toExtend<ReactElement>()
  expectTypeOf(view).returns.toExtend<ReactElement>()
})

test('class names are given from the state of the part, which has its own type', () => {
  const panel = () => (
    <GatherPanel.Root
      callId="v3:x"
      className={({ phase }) => {
        expectTypeOf(phase).toEqualTypeOf<'unknown' | 'ringing' | 'answered' | 'ended'>()
        return phase
      }}
    />
  )
  const zoom = () => (
    <CallTimeline.Track
      className={({ zoom }) => {
        expectTypeOf(zoom).toEqualTypeOf<number>()
        return zoom > 1 ? 'wide' : undefined
      }}
    />
  )
  expectTypeOf(panel).returns.toExtend<ReactElement>()
  expectTypeOf(zoom).returns.toExtend<ReactElement>()
})
