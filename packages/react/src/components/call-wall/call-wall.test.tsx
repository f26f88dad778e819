import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { actAndSettle, playAll, playTo } from '../../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClientOptions } from '../../testing/scenario-client.ts'
import { CallWall } from './call-wall.tsx'

afterEach(cleanup)

/** A call that asks for four keys. */
const asking = (name: string) =>
  new ScenarioWriter(name)
    .answered({ callerName: name })
    .command('pin', 'gather', { minimum_digits: 4, maximum_digits: 4, initial_timeout_millis: 120_000 })
    .end()
const [a, b, c] = [asking('Ada'), asking('Bob'), asking('Cleo')]

async function wallOf(options?: ScenarioClientOptions) {
  const client = createScenarioClient([a, b, c], options)
  const renders: string[] = []
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <CallWall
        onOpen={() => {}}
        describeCall={({ callerName }) => {
          renders.push(callerName ?? '')
          return {}
        }}
      />
    </GatherProvider>,
  )
  await playAll(client)
  return { client, renders }
}

const tiles = () =>
  [...document.querySelectorAll('[data-tile]')].map((tile) => tile.querySelector('bdi')?.textContent ?? '')

test('a key renders only the tile of its call, and the clock renders no tile', async () => {
  const { client, renders } = await wallOf()
  renders.length = 0
  await actAndSettle(() => client.press(b.callId, '7'))
  expect(renders).toEqual(['Bob'])
  expect(document.querySelector(`[data-tile="${b.callId}"]`)?.textContent).toContain('7')
  renders.length = 0
  await actAndSettle(() => client.player.advance(3000))
  expect(renders).toEqual([])
})

test('the wall moves a call that needs attention to the front, but not while the pointer is on the tiles', async () => {
  const { client } = await wallOf()
  expect(tiles()).toEqual(['Ada', 'Bob', 'Cleo'])
  const refuse = (callId: string) => {
    client.emit(callId, 'command.requested', {
      command_id: `stop ${callId}`,
      payload: { command: 'gather_stop', body: {} },
    })
    client.emit(callId, 'command.refused', {
      command_id: `stop ${callId}`,
      payload: { status: 422, code: '90034', title: 'Not answered' },
    })
  }
  await actAndSettle(() => refuse(b.callId))
  expect(tiles()).toEqual(['Bob', 'Ada', 'Cleo'])
  const grid = screen.getByRole('list')
  fireEvent.pointerEnter(grid)
  await actAndSettle(() => refuse(c.callId))
  await actAndSettle(() => client.emit(b.callId, 'call.hangup'))
  expect(tiles()).toEqual(['Bob', 'Ada', 'Cleo'])
  fireEvent.pointerLeave(grid)
  await actAndSettle(() => {})
  expect(tiles()).toEqual(['Cleo', 'Ada'])
})

test('a caller who presses no key for ten seconds needs attention', async () => {
  const { client } = await wallOf()
  await playTo(client, client.player.getSnapshot().positionMs + 9000)
  expect(screen.queryByText(/No key for/)).toBeNull()
  await actAndSettle(() => client.press(a.callId, '1'))
  await actAndSettle(() => client.player.advance(3000))
  expect(tiles()).toEqual(['Bob', 'Cleo', 'Ada'])
  expect(screen.getAllByText(/^No key for 1[12] s$/)).toHaveLength(2)
})

test('the wall says "View only" once to a ticket without other scopes, and not to an agent', async () => {
  await wallOf({ scopes: ['view'] })
  expect(screen.getAllByText('View only')).toHaveLength(1)
  cleanup()
  await wallOf()
  expect(screen.queryByText('View only')).toBeNull()
})
