import { type CallEvent, type CallRecord, type Cursor, foldCall, type WatchReply } from '@callgather/protocol'
import { scenarios } from '@callgather/protocol/scenarios'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flushPromises, VirtualClock } from '../testing/virtual-clock.ts'
import { CallSync } from './call-sync.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import type { CallFeed } from './feed.ts'
import { ServerTime } from './server-time.ts'
import type { Link } from './transport.ts'

const callId = 'v3:call'
const events: CallEvent[] = Object.values(scenarios).flatMap((scenario) =>
  scenario.steps.filter(({ event }) => event.event_type !== 'call.hangup').map((step) => step.event),
)

/** Returns the folded call state as JSON, for comparison. */
const stateOf = (records: readonly CallRecord[]) =>
  JSON.stringify(
    foldCall(
      callId,
      records.map((record) => record.event),
    ),
  )

/** A server's log that can be truncated under a new epoch. */
class LogServer {
  epoch = 1
  records: CallRecord[] = []
  /** The longest log of each epoch. */
  readonly logs = new Map<string, CallRecord[]>()
  #next = 0

  append(): CallRecord {
    const event = events[this.#next++ % events.length] as CallEvent
    const record = { seq: this.records.length + 1, event: { ...event, id: `${event.id}-${this.#next}` } }
    this.records = [...this.records, record]
    this.logs.set(this.epochName, this.records)
    return record
  }

  truncate(): void {
    this.epoch++
    this.records = this.records.slice(0, Math.floor(this.records.length / 2))
    this.logs.set(this.epochName, this.records)
  }

  get epochName() {
    return `e${this.epoch}`
  }

  get head(): Cursor {
    return { epoch: this.epochName, seq: this.records.length }
  }

  reply(cursor: Cursor | null): WatchReply {
    const isDelta = cursor?.epoch === this.epochName && cursor.seq <= this.records.length
    return {
      ok: true,
      kind: isDelta ? 'delta' : 'snapshot',
      cursor: this.head,
      records: isDelta ? this.records.slice(cursor.seq) : this.records,
      now: new Date(0).toISOString(),
      scopes: ['view'],
    }
  }
}

const unusedLink = {
  unwatchCall: () => {},
  watchCalls: () => Promise.reject(new Error('not expected')),
  unwatchCalls: () => {},
  refreshTicket: () => Promise.reject(new Error('not expected')),
  close: () => {},
}

type Op =
  | 'append'
  | 'append twice'
  | 'lose'
  | 'repeat'
  | 'drop'
  | 'beacon'
  | 'truncate'
  | 'resync'
  | 'wait'
  | 'long wait'
const anyOp = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Op>('append', 'append twice') },
  { weight: 4, arbitrary: fc.constantFrom<Op>('lose', 'repeat', 'beacon', 'wait') },
  { weight: 2, arbitrary: fc.constantFrom<Op>('drop', 'long wait') },
  { weight: 1, arbitrary: fc.constantFrom<Op>('truncate', 'resync') },
)

describe('CallSync', () => {
  it('CallSync applies each event once and in order when messages are lost, late, repeated and reordered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(anyOp, { maxLength: 40 }), async (scheduler, ops) => {
        const clock = new VirtualClock(0)
        const server = new LogServer()
        let connectionId = 0
        let isNetworkHealthy = false
        const feeds: CallFeed[] = []

        /** Messages arrive when the scheduler says so: late, early, or never if the connection was dropped. */
        const deliver = (label: string, run: () => void, { evenIfDropped = false } = {}) => {
          const sentOn = connectionId
          const arrive = () => {
            if (evenIfDropped || sentOn === connectionId) run()
          }
          if (isNetworkHealthy) arrive()
          else scheduler.schedule(Promise.resolve(), label).then(arrive, () => {})
        }
        const connect = () => {
          connectionId++
          const link: Link = {
            ...unusedLink,
            watchCall: (_, cursor) =>
              new Promise((resolve) => {
                deliver('request', () => {
                  const reply = server.reply(cursor)
                  // A reply may arrive after its connection was dropped.
                  deliver('reply', () => resolve(reply), { evenIfDropped: true })
                })
              }),
          }
          sync.attach(link, new ConcurrencyLimiter())
        }
        const publish = (records: CallRecord[]) => {
          const frame = { call_id: callId, epoch: server.epochName, records }
          deliver('event', () => sync.receive(frame))
        }
        const sendBeacon = () => {
          const { epoch, seq } = server.head
          deliver('head', () => sync.receiveHead(epoch, seq, new Date(clock.now()).toISOString()))
        }
        const sync: CallSync = new CallSync(
          callId,
          { clock, serverTime: new ServerTime(clock) },
          {
            change: (feed) => feeds.push(feed),
            ended: () => {},
            failed: (error) => expect.fail(error.title),
            linkBroken: () => {},
            latencyMeasured: () => {},
          },
        )
        const apply: Record<Op, () => Promise<void> | void> = {
          append: () => publish([server.append()]),
          'append twice': () => publish([server.append(), server.append()]),
          lose: () => void server.append(),
          repeat: () => publish(server.records.slice(-2)),
          drop: () => {
            connectionId++
            sync.attach(null, new ConcurrencyLimiter())
            connect()
          },
          beacon: sendBeacon,
          truncate: () => {
            server.truncate()
            sendBeacon()
          },
          resync: () => sync.resync(),
          wait: () => clock.advanceTo(clock.now() + 100),
          'long wait': () => clock.advanceTo(clock.now() + 6_000),
        }

        connect()
        scheduler.scheduleSequence(ops.map((op) => ({ builder: async () => apply[op](), label: op })))
        await scheduler.waitIdle()

        // The network heals and beacons resume.
        isNetworkHealthy = true
        for (let beacons = 0; beacons < 3; beacons++) {
          sendBeacon()
          await clock.advanceTo(clock.now() + 10_000)
        }
        await flushPromises()

        const last = feeds.at(-1)
        expect(last?.sync).toBe('live')
        expect(last?.cursor).toEqual(server.head)
        expect(JSON.stringify(last?.state)).toBe(stateOf(server.records))

        let known: Cursor | null = null
        for (const { cursor, state } of feeds) {
          if (!cursor) continue
          if (known?.epoch === cursor.epoch) expect(cursor.seq).toBeGreaterThanOrEqual(known.seq)
          const expected = server.logs.get(cursor.epoch)?.slice(0, cursor.seq) ?? []
          expect(expected).toHaveLength(cursor.seq)
          expect(JSON.stringify(state)).toBe(stateOf(expected))
          known = cursor
        }
      }),
      { numRuns: 400 },
    )
  })
})
