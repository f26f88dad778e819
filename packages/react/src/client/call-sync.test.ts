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

/** The state as text: two states are the same if their texts are. */
const stateOf = (records: readonly CallRecord[]) =>
  JSON.stringify(
    foldCall(
      callId,
      records.map((record) => record.event),
    ),
  )

/** A server's log, and every way in which it can be told wrongly. */
class Origin {
  epoch = 1
  records: CallRecord[] = []
  /** Every log there ever was, by epoch, at its longest. */
  readonly past = new Map<string, CallRecord[]>()
  #next = 0

  append(): CallRecord {
    const event = events[this.#next++ % events.length] as CallEvent
    const record = { seq: this.records.length + 1, event: { ...event, id: `${event.id}-${this.#next}` } }
    this.records = [...this.records, record]
    this.past.set(this.epochName, this.records)
    return record
  }

  truncate(): void {
    this.epoch++
    this.records = this.records.slice(0, Math.floor(this.records.length / 2))
    this.past.set(this.epochName, this.records)
  }

  get epochName() {
    return `e${this.epoch}`
  }

  get head(): Cursor {
    return { epoch: this.epochName, seq: this.records.length }
  }

  answer(cursor: Cursor | null): WatchReply {
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
  watchCalls: () => Promise.reject(new Error('not asked')),
  unwatchCalls: () => {},
  refreshTicket: () => Promise.reject(new Error('not asked')),
  close: () => {},
}

type Op = 'append' | 'append twice' | 'lose' | 'repeat' | 'drop' | 'beat' | 'truncate' | 'resync' | 'wait' | 'long wait'
const anyOp = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Op>('append', 'append twice') },
  { weight: 4, arbitrary: fc.constantFrom<Op>('lose', 'repeat', 'beat', 'wait') },
  { weight: 2, arbitrary: fc.constantFrom<Op>('drop', 'long wait') },
  { weight: 1, arbitrary: fc.constantFrom<Op>('truncate', 'resync') },
)

describe('the sync of a call', () => {
  it('shows only what was, never out of order or twice, and in the end all of it, whatever the network does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(anyOp, { maxLength: 40 }), async (scheduler, ops) => {
        const clock = new VirtualClock(0)
        const origin = new Origin()
        let line = 0
        let calm = false
        const feeds: CallFeed[] = []

        /** Everything on the wire arrives when the scheduler says so: late, early, or never if the line was dropped. */
        const deliver = (label: string, run: () => void, { evenLate = false } = {}) => {
          const sentOn = line
          const arrive = () => {
            if (evenLate || sentOn === line) run()
          }
          if (calm) arrive()
          else scheduler.schedule(Promise.resolve(), label).then(arrive, () => {})
        }
        const connect = () => {
          line++
          const link: Link = {
            ...unusedLink,
            watchCall: (_, cursor) =>
              new Promise((resolve) => {
                deliver('ask', () => {
                  const reply = origin.answer(cursor)
                  // An answer may even come after its line was given up.
                  deliver('reply', () => resolve(reply), { evenLate: true })
                })
              }),
          }
          log.attach(link, new ConcurrencyLimiter())
        }
        const tell = (records: CallRecord[]) => {
          const frame = { call_id: callId, epoch: origin.epochName, records }
          deliver('event', () => log.receive(frame))
        }
        const beat = () => {
          const { epoch, seq } = origin.head
          deliver('head', () => log.receiveHead(epoch, seq, new Date(clock.now()).toISOString()))
        }
        const log: CallSync = new CallSync(
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
          append: () => tell([origin.append()]),
          'append twice': () => tell([origin.append(), origin.append()]),
          lose: () => void origin.append(),
          repeat: () => tell(origin.records.slice(-2)),
          drop: () => {
            line++
            log.attach(null, new ConcurrencyLimiter())
            connect()
          },
          beat,
          truncate: () => {
            origin.truncate()
            beat()
          },
          resync: () => log.resync(),
          wait: () => clock.advanceTo(clock.now() + 100),
          'long wait': () => clock.advanceTo(clock.now() + 6_000),
        }

        connect()
        scheduler.scheduleSequence(ops.map((op) => ({ builder: async () => apply[op](), label: op })))
        await scheduler.waitIdle()

        // Then the network heals, and beacons come as they always do.
        calm = true
        for (let beats = 0; beats < 3; beats++) {
          beat()
          await clock.advanceTo(clock.now() + 10_000)
        }
        await flushPromises()

        const last = feeds.at(-1)
        expect(last?.sync).toBe('live')
        expect(last?.cursor).toEqual(origin.head)
        expect(JSON.stringify(last?.state)).toBe(stateOf(origin.records))

        let known: Cursor | null = null
        for (const { cursor, state } of feeds) {
          if (!cursor) continue
          if (known?.epoch === cursor.epoch) expect(cursor.seq).toBeGreaterThanOrEqual(known.seq)
          const then = origin.past.get(cursor.epoch)?.slice(0, cursor.seq) ?? []
          expect(then).toHaveLength(cursor.seq)
          expect(JSON.stringify(state)).toBe(stateOf(then))
          known = cursor
        }
      }),
      { numRuns: 400 },
    )
  })
})
