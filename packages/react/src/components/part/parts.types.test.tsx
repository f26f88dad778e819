/** Compile-time tests of part types, checked by `pnpm typecheck`. The stories named `Composed` test the behaviour. */
import type { ReactElement } from 'react'
import { expectTypeOf, test } from 'vitest'
import type * as AssistantBarParts from '../assistant-bar/parts.tsx'
import * as CallListParts from '../call-list/parts.tsx'
import * as CallTimelineParts from '../call-timeline/parts.tsx'
import * as GatherPanelParts from '../gather-panel/parts.tsx'

type Props<Component extends (props: never) => unknown> = Parameters<Component>[0]

test('the props of a part include the attributes of its element', () => {
  expectTypeOf<Props<typeof AssistantBarParts.Message>['maxLength']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Props<typeof AssistantBarParts.Whisper>>().not.toHaveProperty('maxLength')
  expectTypeOf<Props<typeof CallListParts.Duration>['dateTime']>().toEqualTypeOf<string | undefined>()
})

test('TypeScript reports an error if a mandatory prop of a part is missing', () => {
  // `callId` is optional, because a `CallScope` may provide it.
  const timeline = () => <CallTimelineParts.Root />
  // @ts-expect-error `call` is required
  const row = () => <CallListParts.Call />
  // @ts-expect-error `children` is required
  const view = () => <CallListParts.View />
  expectTypeOf(timeline).returns.toExtend<ReactElement>()
  expectTypeOf(row).returns.toExtend<ReactElement>()
  expectTypeOf(view).returns.toExtend<ReactElement>()
})

test('the `className` function of a part receives the typed state of that part', () => {
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
