import { describe, expect, it, vi } from 'vitest'
import { CALL, testServer } from '../testing/server.ts'
import { type CallStore, StoreUnavailable } from './call-store.ts'
import { memoryStore } from './memory-store.ts'

/** A store whose next append of a command's request fails: after it was made, or without being made. */
function failingStore(): CallStore & { fail(how: 'answer lost' | 'not made'): void } {
  const store = memoryStore()
  let failure: 'answer lost' | 'not made' | null = null
  return {
    ...store,
    fail(how) {
      failure = how
    },
    async append(callId, events) {
      const how = failure
      if (how === null || !events.some(({ event }) => event.event_type === 'command.requested')) {
        return store.append(callId, events)
      }
      failure = null
      if (how === 'answer lost') await store.append(callId, events)
      throw new StoreUnavailable('the connection broke')
    },
  }
}

const key = { 'idempotency-key': 'first' }

describe('a command whose request the store did not confirm', () => {
  it('is not sent, and where the store took it all the same, it ends as refused', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('answer lost')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    const outcomes = async () => {
      const { commands } = await server.gather.call(CALL).state()
      return [...commands].map(({ outcome }) => outcome?.status)
    }
    await vi.waitFor(async () => expect(await outcomes()).toEqual(['refused']), { timeout: 10_000 })
    // The same command again has the same outcome; another one runs.
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect(server.upstream.received).toEqual([])
    expect((await server.command('gather', {}, { 'idempotency-key': 'second' })).status).toBe(200)
    expect(server.upstream.received).toHaveLength(1)
  })

  it('may be given again at once, and whoever waits for the first gets its outcome', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('answer lost')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    // Nobody can say yet whether somebody else is sending it; then it turns out that nobody did.
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect(server.upstream.received).toEqual([])
  })

  it('runs when it is given again and the store had not taken it', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('not made')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect((await server.command('gather', {}, key)).status).toBe(200)
    expect(server.upstream.received).toHaveLength(1)
    // Once the log has been looked at, the command that did run is still accepted, and nothing else was said of it.
    await new Promise((resolve) => setTimeout(resolve, 700))
    const types = (await store.read(CALL, 0))?.records.map(({ event }) => event.event_type)
    expect(types).toEqual(['call.answered', 'command.requested', 'command.accepted'])
  })
})
