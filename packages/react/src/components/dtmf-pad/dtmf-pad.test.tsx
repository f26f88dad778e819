import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { playAll } from '../../testing/render-hook.tsx'
import { createScenarioClient } from '../../testing/scenario-client.ts'
import { DtmfPad } from './dtmf-pad.tsx'

const oneGather = () =>
  new ScenarioWriter('One gather')
    .answered()
    .command('account', 'gather', { maximum_digits: 6, terminating_digit: '#' })
    .press('44#', { gather: 'account' })
    .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '44' } })

const nextGather = () => oneGather().command('pin', 'gather', { maximum_digits: 4 })

test.each([
  ['stays lit after the end of its gather', oneGather(), 'Last key #', 1],
  ['is not lit during the next gather', nextGather(), 'No key yet', 0],
  ['of the next gather is lit', nextGather().press('7', { gather: 'pin' }), 'Last key 7', 1],
])('the last key %s', async (_, writer, caption, lit) => {
  const scenario = writer.end()
  const client = createScenarioClient(scenario)
  const { container } = render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <DtmfPad callId={scenario.callId} />
    </GatherProvider>,
  )
  await playAll(client)
  expect(screen.getByText(caption)).toBeTruthy()
  expect(container.querySelectorAll('[data-last]')).toHaveLength(lit)
})
