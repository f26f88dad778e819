/** What the compiler knows of parts. Checked by `pnpm typecheck`; what they do is in the stories named `Composed`. */
import type { ReactElement } from 'react'
import { expectTypeOf, test } from 'vitest'
import type * as AssistantBarParts from '../assistant-bar/parts.tsx'
import * as CallListParts from '../call-list/parts.tsx'
import * as CallTimelineParts from '../call-timeline/parts.tsx'
import * as GatherPanelParts from '../gather-panel/parts.tsx'

type Props<Component extends (props: never) => unknown> = Parameters<Component>[0]

test('a part takes the attributes of its element', () => {
  expectTypeOf<Props<typeof AssistantBarParts.Message>['maxLength']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Props<typeof AssistantBarParts.Whisper>>().not.toHaveProperty('maxLength')
  expectTypeOf<Props<typeof CallListParts.Duration>['dateTime']>().toEqualTypeOf<string | undefined>()
})

test('what a part cannot do without must be given', () => {
  // Its call may come from the scope around it.
  const timeline = () => <CallTimelineParts.Root />
  // @ts-expect-error a row is of a call
  const row = () => <CallListParts.Call />
  // @ts-expect-error without saying how a row is drawn there is none
  const view = () => <CallListParts.View />
  expectTypeOf(timeline).returns.toExtend<ReactElement>()
  expectTypeOf(row).returns.toExtend<ReactElement>()
  expectTypeOf(view).returns.toExtend<ReactElement>()
})

test('class names are given from the state of the part, which has its own type', () => {
  const panel = () => (
    <GatherPanelParts.Root
      callId="v3:x"
      className={({ phase }) => {
        expectTypeOf(phase).toEqualTypeOf<'unknown' | 'ringing' | 'answered' | 'ended'>()
        return phase
      }}
    />
  )
  const zoom = () => (
    <CallTimelineParts.Track
      className={({ zoom }) => {
        expectTypeOf(zoom).toEqualTypeOf<number>()
        return zoom > 1 ? 'wide' : undefined
      }}
    />
  )
  expectTypeOf(panel).returns.toExtend<ReactElement>()
  expectTypeOf(zoom).returns.toExtend<ReactElement>()
})
