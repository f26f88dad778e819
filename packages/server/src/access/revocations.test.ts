import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { type CallStore, StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { testServer, watch } from '../testing/server.ts'
import { Revocations } from './revocations.ts'
import type { Grant } from './tickets.ts'

const HOUR = 3_600_000
const grant = (more: Partial<Grant> = {}): Grant => ({ subject: 'agent-7', calls: '*', scopes: ['view'], ...more })

/** Creates the revocations of one server. Several servers may share a store and a clock. */
function revocationsOn(store: CallStore, clock = { now: 1_000_000_000 }) {
  const changed = vi.fn()
  const revocations = new Revocations({ store, logger: pino({ level: 'silent' }), now: () => clock.now })
  revocations.start(changed)
  return { revocations, changed, [Symbol.dispose]: () => revocations.stop() }
}

describe('revocations', () => {
  it('revokes one ticket, or all tickets that a subject got before the revocation', async () => {
    const clock = { now: 1_000_000_000 }
    using it = revocationsOn(memoryStore(), clock)
    await it.revocations.add({ ticketId: 't1' })
    expect(it.revocations.isRevoked(grant({ ticketId: 't1' }))).toBe(true)
    expect(it.revocations.isRevoked(grant({ ticketId: 't2' }))).toBe(false)
    await it.revocations.add({ subject: 'agent-7' })
    expect(it.revocations.isRevoked(grant({ ticketId: 't2', issuedAt: clock.now }))).toBe(true)
    expect(it.revocations.isRevoked(grant({ ticketId: 't3', issuedAt: clock.now + 1 }))).toBe(false)
    expect(it.revocations.isRevoked(grant())).toBe(true)
    expect(it.revocations.isRevoked(grant({ subject: 'agent-8' }))).toBe(false)
    // A subject name can't collide with a ticket id.
    expect(it.revocations.isRevoked(grant({ subject: 'ticket:t1' }))).toBe(false)
  })

  it('applies a revocation on every server for a day, also after a restart', async () => {
    const clock = { now: 1_000_000_000 }
    const store = memoryStore({ now: () => clock.now })
    using one = revocationsOn(store, clock)
    using other = revocationsOn(store, clock)
    await Promise.all([one.revocations.ready(), other.revocations.ready()])
    await one.revocations.add({ subject: 'agent-7' })
    expect(other.revocations.isRevoked(grant())).toBe(true)
    expect(other.changed).toHaveBeenCalledTimes(1)
    using restarted = revocationsOn(store, clock)
    await restarted.revocations.ready()
    clock.now += 23 * HOUR
    expect(restarted.revocations.isRevoked(grant())).toBe(true)
    clock.now += 2 * HOUR
    expect(restarted.revocations.isRevoked(grant())).toBe(false)
  })

  it('reads a revocation again when its bus message was lost, and restores it to a store that lost its data', async () => {
    vi.useFakeTimers()
    try {
      const clock = { now: 1_000_000_000 }
      const store = memoryStore({ now: () => clock.now })
      let deaf = true
      const withoutBus: CallStore = {
        ...store,
        subscribeRevocations: (listener) => store.subscribeRevocations((each) => deaf || listener(each)),
      }
      using one = revocationsOn(store, clock)
      using other = revocationsOn(withoutBus, clock)
      await other.revocations.ready()
      await one.revocations.add({ ticketId: 't1' })
      expect(other.revocations.isRevoked(grant({ ticketId: 't1' }))).toBe(false)
      await vi.advanceTimersByTimeAsync(5_000)
      expect(other.revocations.isRevoked(grant({ ticketId: 't1' }))).toBe(true)
      expect(other.changed).toHaveBeenCalledTimes(1)

      const empty = memoryStore({ now: () => clock.now })
      withoutBus.listRevocations = empty.listRevocations
      withoutBus.revoke = empty.revoke
      deaf = false
      await vi.advanceTimersByTimeAsync(5_000)
      expect(await empty.listRevocations(clock.now)).toMatchObject([{ id: 'ticket:t1' }])
    } finally {
      vi.useRealTimers()
    }
  })

  it('applies a revocation on this server and reports the error when the store is unavailable', async () => {
    const store = memoryStore()
    const revoke = vi.spyOn(store, 'revoke').mockRejectedValueOnce(new StoreUnavailableError('down'))
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    const socket = await server.connect()
    await watch(socket)
    const authorization = `Bearer ${await server.ticket()}`
    const closed = new Promise((resolve) => socket.once('disconnect', resolve))
    await expect(server.gather.revoke({ subject: 'agent-7' })).rejects.toSatisfy(StoreUnavailableError.isInstance)
    await closed
    expect((await server.command('gather', {}, { authorization })).status).toBe(401)
    expect(await store.listRevocations(0)).toEqual([])
    expect(revoke).toHaveBeenCalledTimes(1)
  })

  it('refuses clients with 503 while the revocations cannot be read', async () => {
    const store = memoryStore()
    const list = vi.spyOn(store, 'listRevocations').mockRejectedValue(new StoreUnavailableError('down'))
    await using server = await testServer({ store })
    await expect(server.connect()).rejects.toMatchObject({ data: { status: 503 } })
    expect((await server.command('gather', {})).status).toBe(503)
    list.mockRestore()
    expect((await server.connect()).connected).toBe(true)
  })
})
