// @vitest-environment node
import { GatherError } from '@callgather/protocol'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isOutcomeUnknown } from '../client/commands.ts'
import { createGatherClient } from '../client/gather-client.ts'
import type { CommandAnswer, ReceivedCommand } from './command-responder.ts'
import { commandHandlers } from './msw.ts'

const received: ReceivedCommand[] = []
let answer: CommandAnswer = 'accept'
const network = setupServer(
  ...commandHandlers({ respond: () => answer, onCommand: (command) => received.push(command) }),
)

beforeAll(() => network.listen({ onUnhandledRequest: 'error' }))
afterAll(() => network.close())

const client = createGatherClient({ url: 'https://calls.example.com', getTicket: () => 'ticket' })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

describe('commandHandlers', () => {
  it('commandHandlers accepts a command of the real client', async () => {
    await expect(client.command('v3:a', 'gather', { maximum_digits: 4 })).resolves.toMatchObject({ status: 'accepted' })
    expect(received.at(-1)).toMatchObject({ callId: 'v3:a', name: 'gather', body: { maximum_digits: 4 } })
  })

  it('commandHandlers refuses a command that Telnyx would refuse', async () => {
    const error = await failure(client.command('v3:a', 'gather', { maximum_digits: 0 }))
    expect(GatherError.isInstance(error) && error.errors[0]?.code).toBe('90023')
  })

  it('commandHandlers refuses a command, reports an unknown outcome or drops it, as `respond` returns', async () => {
    answer = { refuse: 'callEnded' }
    expect(await failure(client.command('v3:a', 'gather', {}))).toMatchObject({ errors: [{ code: '90018' }] })
    answer = 'unknown'
    expect(isOutcomeUnknown(await failure(client.command('v3:a', 'gather', {})))).toBe(true)
    answer = 'offline'
    expect(isOutcomeUnknown(await failure(client.command('v3:a', 'gather', {})))).toBe(true)
  })
})
