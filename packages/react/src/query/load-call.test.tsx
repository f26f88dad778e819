import { gatherError, selectCallPhase } from '@callgather/protocol'
import { pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { Suspense } from 'react'
import { expect, it } from 'vitest'
import { GatherProvider, useGatherClient } from '../hooks/provider.tsx'
import { playAll } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { socketError } from '../testing/scenario-server.ts'
import { callQueryOptions } from './call-query.ts'
import { loadCall } from './load-call.ts'

const { callId } = pinEntry

function Phase() {
  const client = useGatherClient()
  const { data } = useSuspenseQuery(callQueryOptions(client, callId))
  return <output>{`${selectCallPhase(data.state)} ${data.state.keys.size}`}</output>
}

it('loadCall caches a call so that a suspense query renders at once and then stays live', async () => {
  const client = createScenarioClient(pinEntry)
  const cache = new QueryClient()
  await client.player.seek(3_000)
  const feed = await loadCall(cache, client, callId)
  expect(feed.sync).toBe('live')
  expect(await loadCall(cache, client, callId)).toBe(feed)
  render(
    <Suspense fallback={<output>waiting</output>}>
      <GatherProvider client={client} queryClient={cache}>
        <Phase />
      </GatherProvider>
    </Suspense>,
  )
  expect(screen.getByRole('status')).toHaveTextContent('answered 0')
  await playAll(client)
  expect(screen.getByRole('status')).toHaveTextContent('answered 5')
})

it('loadCall rejects when access to the call is denied', async () => {
  const client = createScenarioClient(pinEntry)
  client.faults.refuseCall(callId, socketError(gatherError('forbidden', 'No.')))
  await expect(loadCall(new QueryClient(), client, callId)).rejects.toMatchObject({ reason: { status: 403 } })
})
