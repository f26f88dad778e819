import { expect, expectTypeOf, it } from 'vitest'
import type {} from '../../types/jsx.d.ts'
import type { HostEvent } from './types.ts'

it('JSX, tag names and events of the elements have types', () => {
  const panel = <callgather-panel call-id="v3:call" hide="timeline" getTicket={async () => 'ticket'} />
  expect(panel.type).toBe('callgather-panel')
  // @ts-expect-error There is no such theme.
  expect(<callgather-panel theme="pink" />).toBeDefined()
  // @ts-expect-error Only the panel has presets.
  expect(<callgather-dtmf presets={[]} />).toBeDefined()
  expectTypeOf(document.createElement('callgather-calls').selected).toEqualTypeOf<string | null>()
  document.createElement('callgather-panel').addEventListener('collected', ({ detail }) => {
    expectTypeOf(detail).toEqualTypeOf<Extract<HostEvent, { type: 'collected' }>>()
  })
})
