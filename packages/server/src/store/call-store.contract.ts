/**
 * The contract suite of every store engine. Each engine's test calls it with a function that opens a store; the suite
 * closes the store.
 */
import { randomUUID } from 'node:crypto'
import type { CallEvent, Cursor } from '@callgather/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallStore, NewEvent, Revocation, StoreChange } from './call-store.ts'
import { StoreUnavailableError } from './call-store.ts'

/** Returns a test event with an id and an optional payload. */
export const eventOf = (id: string, payload: Record<string, unknown> = {}): CallEvent => ({
  id,
  event_type: 'call.test',
  occurred_at: '2026-11-22T10:41:00.000000Z',
  payload,
})

const newEvents = (...ids: string[]): NewEvent[] => ids.map((id) => ({ event: eventOf(id), digest: `d-${id}` }))

/** Runs the suite. `open` returns a store without calls of earlier runs. */
export function describeCallStore(name: string, open: () => CallStore | Promise<CallStore>): void {
  /** Opens a store with a call id that no other test uses, so that a shared database needs no cleaning. */
  const openStore = async () => {
    const store = await open()
    return { store, call: `v3:${randomUUID()}`, [Symbol.asyncDispose]: () => store.close() }
  }

  describe(`${name}, as a call store`, () => {
    it('the store numbers the events of a call from 1, without gaps, under one epoch', async () => {
      await using it = await openStore()
      const first = await it.store.append(it.call, newEvents('a', 'b'))
      const second = await it.store.append(it.call, newEvents('c'))
      expect(first.records.map(({ seq, event }) => [seq, event.id])).toEqual([
        [1, 'a'],
        [2, 'b'],
      ])
      expect(second.records.map(({ seq }) => seq)).toEqual([3])
      expect(first.epoch).not.toBe('')
      expect(second.epoch).toBe(first.epoch)
      expect(await it.store.head(it.call)).toEqual({ epoch: first.epoch, seq: 3 })
    })

    it('an append skips events that are in the log, and reports a conflict when an event’s digest differs', async () => {
      await using it = await openStore()
      await it.store.append(it.call, newEvents('a'))
      const again = await it.store.append(it.call, [...newEvents('a', 'b'), { event: eventOf('a'), digest: 'other' }])
      expect(again.records.map(({ seq, event }) => [seq, event.id])).toEqual([[2, 'b']])
      expect(again.duplicates).toEqual([
        { id: 'a', isConflict: false },
        { id: 'a', isConflict: true },
      ])
      expect(await it.store.head(it.call)).toMatchObject({ seq: 2 })
    })

    it('the store appends events only when the log ends at the expected head', async () => {
      await using it = await openStore()
      const appendAt = (expectedHead: Cursor | null, ...ids: string[]) =>
        it.store.append(it.call, newEvents(...ids), { expectedHead })
      const { epoch, isStale } = await appendAt(null, 'a')
      expect(isStale).toBe(false)
      const end = (seq: number) => ({ epoch, seq })
      const elsewhere = [null, end(0), end(2), { epoch: 'another', seq: 1 }]
      for (const at of elsewhere) {
        expect(await appendAt(at, 'b')).toMatchObject({ isStale: true, records: [], duplicates: [] })
      }
      expect(await it.store.has(it.call, 'b')).toBe(false)
      expect(await appendAt(end(1), 'b')).toMatchObject({ isStale: false, records: [{ seq: 2 }] })
      expect(await it.store.head(it.call)).toEqual(end(2))
    })

    it('an append reports duplicate events even when the expected head is stale', async () => {
      await using it = await openStore()
      const { epoch } = await it.store.append(it.call, newEvents('a', 'b'))
      const expectedHead = { epoch, seq: 1 }
      const known = await it.store.append(it.call, [...newEvents('b'), { event: eventOf('a'), digest: 'other' }], {
        expectedHead,
      })
      expect(known).toMatchObject({ isStale: false, records: [] })
      expect(known.duplicates).toEqual([
        { id: 'b', isConflict: false },
        { id: 'a', isConflict: true },
      ])
      expect(await it.store.append(it.call, [], { expectedHead })).toMatchObject({ isStale: false, records: [] })
      // One new event makes the whole append stale.
      expect(await it.store.append(it.call, newEvents('b', 'c'), { expectedHead })).toMatchObject({
        isStale: true,
        records: [],
      })
      expect(await it.store.head(it.call)).toEqual({ epoch, seq: 2 })
    })

    it('the store rejects an append whose expected head is older than an erasure or rewrite of the log', async () => {
      await using it = await openStore()
      const { epoch } = await it.store.append(it.call, newEvents('a', 'b'))
      const expectedHead = { epoch, seq: 2 }
      expect(await it.store.rewrite(it.call, expectedHead, [{ seq: 1, event: eventOf('a', {}) }])).toBe(true)
      expect(await it.store.append(it.call, newEvents('c'), { expectedHead })).toMatchObject({ isStale: true })
      await it.store.forget(it.call)
      expect(await it.store.append(it.call, newEvents('c'), { expectedHead })).toMatchObject({ isStale: true })
      expect(await it.store.append(it.call, newEvents('a', 'b'), { expectedHead })).toMatchObject({ isStale: true })
      expect(await it.store.head(it.call)).toBeNull()
      expect(await it.store.append(it.call, newEvents('c'), { expectedHead: null })).toMatchObject({
        records: [{ seq: 1 }],
      })
    })

    it('the store accepts exactly one of many concurrent appends with the same expected head', async () => {
      await using it = await openStore()
      const { epoch } = await it.store.append(it.call, newEvents('a'))
      const expectedHead = { epoch, seq: 1 }
      const ids = Array.from({ length: 20 }, (_, index) => `b${index}`)
      const results = await Promise.all(ids.map((id) => it.store.append(it.call, newEvents(id), { expectedHead })))
      expect(results.filter(({ isStale }) => !isStale).map(({ records }) => records.map(({ seq }) => seq))).toEqual([
        [2],
      ])
      expect(await it.store.head(it.call)).toEqual({ epoch, seq: 2 })
    })

    it('the store creates no call for an append without events', async () => {
      await using it = await openStore()
      expect(await it.store.append(it.call, [])).toMatchObject({ isStale: false, records: [], duplicates: [] })
      expect(await it.store.head(it.call)).toBeNull()
    })

    it('the store appends events with the same id to two calls', async () => {
      await using it = await openStore()
      const other = `${it.call}-other`
      await it.store.append(it.call, newEvents('a'))
      expect(await it.store.has(it.call, 'a')).toBe(true)
      expect(await it.store.has(it.call, 'b')).toBe(false)
      expect(await it.store.has(other, 'a')).toBe(false)
      const there = await it.store.append(other, newEvents('a'))
      expect(there.records).toHaveLength(1)
      expect(there.epoch).not.toBe((await it.store.head(it.call))?.epoch)
    })

    it('the store reads a call’s records after a sequence number, up to a limit, with unchanged content', async () => {
      await using it = await openStore()
      const payload = { text: 'é "quoted" \u2028 🎧', nested: { list: [1, null, true] } }
      await it.store.append(it.call, [{ event: eventOf('a', payload) }, ...newEvents('b', 'c')])
      const all = await it.store.read(it.call, 0)
      expect(all?.records[0]?.event).toEqual(eventOf('a', payload))
      expect((await it.store.read(it.call, 1))?.records.map(({ seq }) => seq)).toEqual([2, 3])
      expect((await it.store.read(it.call, 0, 2))?.records.map(({ seq }) => seq)).toEqual([1, 2])
      expect((await it.store.read(it.call, 3))?.records).toEqual([])
      expect((await it.store.read(it.call, 99))?.records).toEqual([])
      const written = await it.store.readJson(it.call, 1, 1)
      expect(written).toMatchObject({ epoch: all?.epoch })
      expect(written?.events.map((text) => JSON.parse(text))).toEqual([eventOf('b')])
      expect(JSON.parse((await it.store.readJson(it.call, 0))?.events[0] ?? '')).toEqual(eventOf('a', payload))
      expect((await it.store.readJson(it.call, 99))?.events).toEqual([])
    })

    it('the store returns null when a call that does not exist is read', async () => {
      await using it = await openStore()
      expect(await it.store.read(it.call, 0)).toBeNull()
      expect(await it.store.readJson(it.call, 0)).toBeNull()
      expect(await it.store.head(it.call)).toBeNull()
      expect(await it.store.forget(it.call)).toBe(false)
    })

    it('the store lists the legs of a session until the legs are erased', async () => {
      await using it = await openStore()
      const [other, alone] = [`${it.call}-other`, `${it.call}-alone`]
      const sessionId = `session of ${it.call} {%} é`
      expect(await it.store.listLegs(sessionId)).toEqual([])
      await it.store.append(it.call, newEvents('a'), { sessionId })
      await it.store.append(other, newEvents('a'))
      await it.store.append(alone, newEvents('a'), { sessionId: `${sessionId}2` })
      expect(await it.store.listLegs(sessionId)).toEqual([it.call])
      await it.store.append(other, newEvents('b'), { sessionId })
      await it.store.append(it.call, newEvents('b'))
      await it.store.append(it.call, newEvents('b'), { sessionId })
      expect((await it.store.listLegs(sessionId)).toSorted()).toEqual([it.call, other])
      await it.store.forget(it.call)
      expect(await it.store.listLegs(sessionId)).toEqual([other])
      await it.store.append(it.call, newEvents('c'))
      expect(await it.store.listLegs(sessionId)).toEqual([other])
    })

    it('the store accepts call and event ids that are reserved names or have special characters', async () => {
      await using it = await openStore()
      for (const id of ['__proto__', 'constructor', "x'; DROP TABLE call; --", '*{}[]:', 'é🎧']) {
        const call = `${it.call}${id}`
        await it.store.append(call, newEvents(id))
        expect((await it.store.read(call, 0))?.records.map(({ event }) => event.id)).toEqual([id])
      }
    })

    it('the store gives each event exactly one sequence number under concurrent appends', async () => {
      await using it = await openStore()
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 }), async (batches) => {
          const call = `${it.call}-${randomUUID()}`
          const results = await Promise.all(
            batches.map((ids) => it.store.append(call, newEvents(...ids.map((id) => `e${id}`)))),
          )
          const records = results.flatMap((result) => result.records)
          const seqs = records.map(({ seq }) => seq).sort((one, other) => one - other)
          const unique = new Set(batches.flat())
          expect(seqs).toEqual([...unique].map((_, index) => index + 1))
          expect(new Set(records.map(({ event }) => event.id)).size).toBe(unique.size)
          const logged = (await it.store.read(call, 0))?.records ?? []
          expect(logged.map(({ seq }) => seq)).toEqual(seqs)
        }),
        { numRuns: 30 },
      )
    })

    it('the store publishes appended records in order to subscribers of one call and of all calls', async () => {
      await using it = await openStore()
      const one: StoreChange[] = []
      const all: StoreChange[] = []
      const stopOne = await it.store.subscribe(it.call, (change) => one.push(change))
      const stopAll = await it.store.subscribeAll((change) => all.push(change))
      await it.store.append(it.call, newEvents('a', 'b'))
      await it.store.append(it.call, newEvents('a'))
      await it.store.append(`${it.call}-other`, newEvents('x'))
      await it.store.append(it.call, newEvents('c'))
      await eventually(() => {
        const seqs = one.flatMap((change) => (change.kind === 'appended' ? change.records : [])).map(({ seq }) => seq)
        expect(seqs).toEqual([1, 2, 3])
        // There is no order between calls: a cluster publishes them over two connections.
        const kindsOf = (call: string) => all.filter(({ callId }) => callId === call).map(({ kind }) => kind)
        expect(kindsOf(it.call)).toEqual(['appended', 'appended'])
        expect(kindsOf(`${it.call}-other`)).toEqual(['appended'])
      })
      stopOne()
      stopAll()
      await it.store.append(it.call, newEvents('d'))
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(one).toHaveLength(2)
    })

    it('the store publishes the trace context of an append with its records, and does not store it', async () => {
      await using it = await openStore()
      const changes: StoreChange[] = []
      await it.store.subscribe(it.call, (change) => changes.push(change))
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const contexts = () => changes.map((change) => (change.kind === 'appended' ? change.traceparent : 'forgotten'))
      await it.store.append(it.call, newEvents('a'), { traceparent })
      await it.store.append(it.call, newEvents('a'), { traceparent })
      await it.store.append(it.call, [], { sessionId: it.call, traceparent })
      await it.store.append(it.call, newEvents('b'))
      await eventually(() => expect(contexts()).toEqual([traceparent, undefined]))
      expect(JSON.stringify(await it.store.readJson(it.call, 0))).not.toContain(traceparent)
      const seqs = changes.flatMap((change) => (change.kind === 'appended' ? change.records : [])).map(({ seq }) => seq)
      expect(seqs).toEqual([1, 2])
    })

    it('`forget` erases a call and publishes the erasure, and the call’s next log has a new epoch', async () => {
      await using it = await openStore()
      const changes: StoreChange[] = []
      const { epoch } = await it.store.append(it.call, newEvents('a', 'b'))
      await it.store.subscribe(it.call, (change) => changes.push(change))
      expect(await it.store.forget(it.call)).toBe(true)
      expect(await it.store.read(it.call, 0)).toBeNull()
      await eventually(() => expect(changes).toEqual([{ kind: 'forgotten', callId: it.call }]))
      const again = await it.store.append(it.call, newEvents('a'))
      expect(again.records.map(({ seq }) => seq)).toEqual([1])
      expect(again.epoch).not.toBe(epoch)
    })

    it('`rewrite` replaces events under a new epoch, and refuses when the log has grown', async () => {
      await using it = await openStore()
      const secret = (id: string, text: string) => ({ event: eventOf(id, { text }), digest: `digest-${id}` })
      const { epoch } = await it.store.append(it.call, [secret('a', 'said'), secret('b', 'kept'), secret('c', 'said')])
      const changes: StoreChange[] = []
      await it.store.subscribe(it.call, (change) => changes.push(change))
      const listed = async () => (await it.store.list({ limit: 1000 })).find(({ callId }) => callId === it.call)
      const before = await listed()
      const rewritten = [1, 3].map((seq) => ({ seq, event: eventOf(seq === 1 ? 'a' : 'c', {}) }))
      expect(await it.store.rewrite(it.call, { epoch, seq: 2 }, rewritten)).toBe(false)
      expect(await it.store.rewrite(it.call, { epoch: 'another', seq: 3 }, rewritten)).toBe(false)
      expect(await it.store.rewrite(`${it.call}-none`, { epoch, seq: 3 }, rewritten)).toBe(false)
      expect((await it.store.read(it.call, 0))?.epoch).toBe(epoch)
      expect(await it.store.rewrite(it.call, { epoch, seq: 3 }, rewritten)).toBe(true)
      const slice = await it.store.read(it.call, 0)
      expect(slice?.epoch).not.toBe(epoch)
      expect(slice?.records.map(({ seq, event }) => [seq, event.id, event.payload])).toEqual([
        [1, 'a', {}],
        [2, 'b', { text: 'kept' }],
        [3, 'c', {}],
      ])
      expect((await listed())?.updatedAt).toBe(before?.updatedAt)
      await eventually(() => expect(changes).toMatchObject([{ kind: 'appended', epoch: slice?.epoch }]))
      // Deduplication and numbering continue after the rewrite.
      const again = await it.store.append(it.call, [secret('a', 'said'), secret('d', 'new')])
      expect(again).toMatchObject({
        epoch: slice?.epoch,
        duplicates: [{ id: 'a', isConflict: false }],
        records: [{ seq: 4 }],
      })
    })

    it('the store lists calls by the time of their last append, newest first', async () => {
      await using it = await openStore()
      const calls = ['1', '2', '3'].map((suffix) => `${it.call}-${suffix}`)
      for (const call of calls) {
        await it.store.append(call, newEvents('a'))
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      await it.store.append(calls[0] as string, newEvents('b'))
      const mine = (await it.store.list({ limit: 1000 })).filter(({ callId }) => callId.startsWith(it.call))
      expect(mine.map(({ callId }) => callId.slice(-1))).toEqual(['1', '3', '2'])
      const since = (mine[1]?.updatedAt ?? 0) + 1
      const later = (await it.store.list({ limit: 1000, since })).filter(({ callId }) => callId.startsWith(it.call))
      expect(later.map(({ callId }) => callId.slice(-1))).toEqual(['1'])
      expect(await it.store.list({ limit: 1 })).toHaveLength(1)
    })

    it('`forget` erases a call only if its log has not grown since the given time', async () => {
      await using it = await openStore()
      await it.store.append(it.call, newEvents('a'))
      const [listed] = await it.store.list({ limit: 1 })
      expect(await it.store.forget(it.call, listed?.updatedAt ?? 0)).toBe(false)
      expect(await it.store.head(it.call)).not.toBeNull()
      expect(await it.store.forget(it.call, (listed?.updatedAt ?? 0) + 1)).toBe(true)
      expect(await it.store.head(it.call)).toBeNull()
    })

    it('the store publishes each revocation and keeps it under its id until it expires', async () => {
      await using it = await openStore()
      const published: Revocation[] = []
      const stop = await it.store.subscribeRevocations((revocation) => published.push(revocation))
      const now = Date.now()
      const first = { id: it.call, at: now - 10, until: now + 60_000 }
      const later = { id: it.call, at: now, until: now + 120_000 }
      for (const each of [first, later, first]) await it.store.revoke(each)
      await eventually(() => expect(published).toEqual(expect.arrayContaining([first, later])))
      const kept = async (moment: number) =>
        (await it.store.listRevocations(moment)).filter(({ id }) => id === it.call).sort((a, b) => a.at - b.at)
      expect(await kept(now)).toEqual([first, later])
      expect(await kept(first.until)).toEqual([later])
      expect(await kept(later.until)).toEqual([])
      stop()
      const before = published.length
      await it.store.revoke({ ...later, at: now + 1 })
      expect((await kept(now)).at(-1)?.at).toBe(now + 1)
      expect(published).toHaveLength(before)
    })

    it('the store answers a ping while it is open, and rejects every operation after it is closed', async () => {
      const it = await openStore()
      await it.store.ping()
      await it.store.close()
      await expect(it.store.append(it.call, newEvents('a'))).rejects.toSatisfy(StoreUnavailableError.isInstance)
      await expect(it.store.ping()).rejects.toSatisfy(StoreUnavailableError.isInstance)
    })
  })
}

/** Retries an expectation for up to 10 seconds, because a bus delivers asynchronously. */
async function eventually(expectation: () => void): Promise<void> {
  for (const until = Date.now() + 10_000; ; ) {
    try {
      return expectation()
    } catch (error) {
      if (Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
