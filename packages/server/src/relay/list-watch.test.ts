/** How the list of calls follows changes of access, on virtual time. */
import { type CallSummary, initialCallState, selectCallSummary } from '@callgather/protocol'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Access } from '../access/access.ts'
import { Revocations } from '../access/revocations.ts'
import type { Grant } from '../access/tickets.ts'
import type { DirectoryChange } from '../calls/call-directory.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { ListWatch } from './list-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const everyCall: Grant = { subject: 'B', calls: '*', scopes: ['view'] }

/** A directory of calls, and an agent whose client watches them and applies every frame. */
function agentDesk() {
  const calls = new Map<string, CallSummary>()
  const listeners = new Set<(change: DirectoryChange) => void>()
  const publish = (change: DirectoryChange) => {
    for (const listener of listeners) listener(change)
  }
  const allowed = new Set<string>()
  const desk = {
    grant: everyCall,
    isHostFailing: false,
    /** How long the host takes to decide. */
    latencyMs: 0,
    allowed,
    /** The calls for which the host was asked since the test last cleared them. */
    asked: [] as string[],
    errors: [] as unknown[],
    /** What the client shows. */
    view: new Map<string, CallSummary>(),
    /** Called with each list or frame before the client applies it. */
    onSent: (_: { calls: readonly CallSummary[]; gone: readonly string[] }) => {},
    calls,
    put(callId: string, change: Partial<CallSummary> = {}) {
      const summary = { ...(calls.get(callId) ?? selectCallSummary(initialCallState(callId))), ...change }
      calls.set(callId, summary)
      publish({ kind: 'changed', summary })
    },
    erase(callId: string) {
      if (calls.delete(callId)) publish({ kind: 'gone', callId })
    },
    async watch() {
      list?.close()
      let hasList = false
      const watch = new ListWatch({
        access,
        directory,
        grant: () => desk.grant,
        send(frame) {
          // A client ignores what it gets between its request and the reply.
          expect([list === watch, hasList]).toEqual([true, true])
          desk.onSent(frame)
          for (const call of frame.calls) desk.view.set(call.callId, call)
          for (const callId of frame.gone) desk.view.delete(callId)
        },
        reportError: (error) => desk.errors.push(error),
      })
      list = watch
      await watch.subscribe()
      // The host may fail. A client then requests the list again.
      await watch
        .sendList((sent) => {
          expect(list).toBe(watch)
          hasList = true
          desk.onSent({ calls: sent.calls, gone: [] })
          desk.view.clear()
          for (const call of sent.calls) desk.view.set(call.callId, call)
        })
        .catch((error: Error) => {
          if (error.message !== 'host') desk.errors.push(error)
          setTimeout(() => list === watch && void desk.watch(), 100)
        })
    },
    close: () => list?.close(),
  }
  let list: ListWatch | null = null
  const logger = pino({ level: 'silent' })
  const access = new Access({
    authenticate: async () => null,
    authorize: async (_, { callId }) => {
      desk.asked.push(callId)
      const isAllowed = allowed.has(callId)
      if (desk.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, desk.latencyMs))
      if (desk.isHostFailing) throw new Error('host')
      return isAllowed
    },
    revocations: new Revocations({ store: memoryStore(), logger, now: Date.now }),
    now: Date.now,
  })
  const directory = {
    async subscribe(listener: (change: DirectoryChange) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async listFor(grant: Grant) {
      const covered = [...calls.values()].filter(({ callId }) => access.isCovered(grant, { callId, scope: 'view' }))
      const may = await Promise.all(covered.map(({ callId }) => access.isAllowed(grant, { callId, scope: 'view' })))
      const ofAccess = (wanted: boolean) => covered.filter((_, index) => may[index] === wanted)
      return { calls: ofAccess(true), denied: ofAccess(false), isTruncated: false }
    },
  }
  return desk
}

const phases = (view: ReadonlyMap<string, CallSummary>) =>
  [...view.values()].map(({ callId, phase }) => [callId, phase])

describe('the watch of the list of calls', () => {
  it('sends a live call within a second after a router assigned it to the agent, without a further event', async () => {
    const desk = agentDesk()
    await desk.watch()
    desk.put('r', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(200)
    expect(desk.asked).toEqual(['r'])
    expect(phases(desk.view)).toEqual([])
    desk.allowed.add('r')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(phases(desk.view)).toEqual([['r', 'ringing']])
    // An allowed call is not checked again before it changes.
    await vi.advanceTimersByTimeAsync(600_000)
    expect(desk.asked).toEqual(['r', 'r'])
  })

  it('sends a live call that was denied when the client requested the list', async () => {
    const desk = agentDesk()
    desk.put('r', { phase: 'ringing' })
    await desk.watch()
    await vi.advanceTimersByTimeAsync(600_000)
    desk.allowed.add('r')
    await vi.advanceTimersByTimeAsync(241_000)
    expect(phases(desk.view)).toEqual([['r', 'ringing']])
  })

  it('checks a denied call after 1, 2, 4, … 128 and then every 240 seconds, sooner after a change, until it ends or is erased', async () => {
    const desk = agentDesk()
    await desk.watch()
    const checksIn = async (ms: number) => {
      desk.asked.length = 0
      await vi.advanceTimersByTimeAsync(ms)
      return desk.asked.length
    }
    desk.put('r', { phase: 'ringing' })
    expect(await checksIn(32_000)).toBe(1 + 5)
    expect(await checksIn(224_000)).toBe(3)
    expect(await checksIn(480_000)).toBe(2)
    desk.put('r', { phase: 'answered' })
    expect(await checksIn(32_000)).toBe(1 + 5)
    desk.put('r', { phase: 'ended' })
    desk.put('erased', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(100)
    desk.erase('erased')
    expect(await checksIn(300_000)).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('checks at most 16 denied calls a second, and each of 480 calls within 275 seconds', async () => {
    const desk = agentDesk()
    for (let nth = 0; nth < 480; nth++) desk.put(`r-${nth}`, { phase: 'ringing' })
    await desk.watch()
    desk.asked.length = 0
    await vi.advanceTimersByTimeAsync(10_000)
    expect(desk.asked.length).toBeLessThanOrEqual(160)
    await vi.advanceTimersByTimeAsync(180_000)
    for (const callId of desk.calls.keys()) desk.allowed.add(callId)
    await vi.advanceTimersByTimeAsync(275_000)
    expect(desk.view.size).toBe(480)
  })

  it('checks a denied call that does not change although others change all the time', async () => {
    const desk = agentDesk()
    await desk.watch()
    desk.put('quiet', { phase: 'ringing' })
    for (let nth = 0; nth < 100; nth++) {
      for (let other = 0; other < 32; other++) desk.put(`other-${other}`, { phase: 'ringing', from: `${nth}` })
      await vi.advanceTimersByTimeAsync(1_000)
      if (nth === 50) desk.allowed.add('quiet')
    }
    expect(phases(desk.view)).toEqual([['quiet', 'ringing']])
  })

  it('remembers 480 denied calls, and checks an older one only when it changes', async () => {
    const desk = agentDesk()
    await desk.watch()
    for (let nth = 0; nth <= 480; nth++) desk.put(`r-${nth}`, { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(100)
    desk.allowed.add('r-0')
    await vi.advanceTimersByTimeAsync(120_000)
    expect(phases(desk.view)).toEqual([])
    desk.put('r-0', { phase: 'answered' })
    await vi.advanceTimersByTimeAsync(100)
    expect(phases(desk.view)).toEqual([['r-0', 'answered']])
  })

  it('sends the newest summary of a call that changed again while the host’s `authorize` failed', async () => {
    const desk = agentDesk()
    desk.allowed.add('mine')
    await desk.watch()
    Object.assign(desk, { isHostFailing: true, latencyMs: 30 })
    desk.put('mine', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(60)
    desk.put('mine', { phase: 'answered' })
    await vi.advanceTimersByTimeAsync(60)
    desk.isHostFailing = false
    await vi.advanceTimersByTimeAsync(3_000)
    expect(phases(desk.view)).toEqual([['mine', 'answered']])
  })

  it('sends the newest summary of a denied call that changes just before its check', async () => {
    const desk = agentDesk()
    await desk.watch()
    desk.put('r', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(1_010)
    desk.allowed.add('r')
    desk.put('r', { phase: 'answered' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(phases(desk.view)).toEqual([['r', 'answered']])
  })

  it('sends nothing before the reply to the newest request for the list', async () => {
    const desk = agentDesk()
    desk.allowed.add('mine')
    desk.put('mine', { phase: 'ringing' })
    desk.latencyMs = 200
    const replaced = desk.watch()
    await vi.advanceTimersByTimeAsync(10)
    const newest = desk.watch()
    await vi.advanceTimersByTimeAsync(10)
    desk.put('mine', { phase: 'answered' })
    desk.latencyMs = 0
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all([replaced, newest])
    expect([desk.errors, phases(desk.view)]).toEqual([[], [['mine', 'answered']]])
  })

  it('sends no change that the host allowed before the client requested the list again', async () => {
    const desk = agentDesk()
    desk.allowed.add('mine')
    await desk.watch()
    desk.latencyMs = 100
    desk.put('mine', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(60)
    desk.put('mine', { phase: 'answered' })
    desk.latencyMs = 0
    await desk.watch()
    await vi.advanceTimersByTimeAsync(1_000)
    expect([desk.errors, phases(desk.view)]).toEqual([[], [['mine', 'answered']]])
  })

  it('sends no call that the host allowed for a ticket that the client has replaced meanwhile', async () => {
    const desk = agentDesk()
    for (const callId of ['old', 'new']) desk.allowed.add(callId)
    desk.grant = { ...everyCall, calls: ['old'] }
    await desk.watch()
    desk.latencyMs = 100
    desk.put('old', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(60)
    desk.grant = { ...everyCall, calls: ['new'] }
    await vi.advanceTimersByTimeAsync(3_000)
    expect(phases(desk.view)).toEqual([])
    desk.put('new', { phase: 'ringing' })
    desk.grant = { ...everyCall, calls: ['old'] }
    const watching = desk.watch()
    await vi.advanceTimersByTimeAsync(60)
    desk.grant = { ...everyCall, calls: ['new'] }
    await vi.advanceTimersByTimeAsync(200)
    await watching
    expect(phases(desk.view)).toEqual([['new', 'ringing']])
  })

  it('does not check a call again that the ticket does not cover', async () => {
    const desk = agentDesk()
    desk.grant = { ...everyCall, calls: ['own'] }
    await desk.watch()
    desk.put('other', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(desk.asked).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('removes a call from the list when it changes after the agent lost access, and sends no id that was never listed', async () => {
    const desk = agentDesk()
    const gone: string[] = []
    desk.onSent = (sent) => gone.push(...sent.gone)
    desk.allowed.add('mine')
    await desk.watch()
    desk.put('mine', { phase: 'ringing' })
    desk.put('foreign', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(100)
    expect(phases(desk.view)).toEqual([['mine', 'ringing']])
    desk.allowed.clear()
    for (const callId of ['mine', 'foreign']) desk.put(callId, { phase: 'answered' })
    await vi.advanceTimersByTimeAsync(100)
    expect(phases(desk.view)).toEqual([])
    for (const callId of ['mine', 'foreign']) desk.put(callId, { phase: 'ended' })
    for (const callId of ['mine', 'foreign']) desk.erase(callId)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(gone).toEqual(['mine'])
  })

  it('removes an erased call from the list of an agent who lost access to it', async () => {
    const desk = agentDesk()
    desk.allowed.add('mine')
    desk.put('mine', { phase: 'ended' })
    await desk.watch()
    desk.allowed.clear()
    desk.erase('mine')
    await vi.advanceTimersByTimeAsync(100)
    expect(phases(desk.view)).toEqual([])
  })

  it('keeps the list and the changes of a client whose ticket expired until the client refreshes the ticket', async () => {
    const desk = agentDesk()
    desk.grant = { ...everyCall, expiresAt: Date.now() + 1_000 }
    desk.allowed.add('mine')
    await desk.watch()
    desk.put('mine', { phase: 'ringing' })
    await vi.advanceTimersByTimeAsync(2_000)
    desk.put('mine', { phase: 'ended' })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(phases(desk.view)).toEqual([['mine', 'ringing']])
    desk.grant = everyCall
    await vi.advanceTimersByTimeAsync(2_000)
    expect(phases(desk.view)).toEqual([['mine', 'ended']])
  })

  it('removes the call that changed least recently when a client holds more than 10,000 calls', async () => {
    const desk = agentDesk()
    await desk.watch()
    for (let nth = 0; nth <= 10_000; nth++) {
      desk.allowed.add(`c-${nth}`)
      desk.put(`c-${nth}`, { phase: 'ended' })
    }
    await vi.advanceTimersByTimeAsync(1_000)
    expect(desk.view.size).toBe(10_000)
    expect(desk.view.has('c-0')).toBe(false)
  })

  it('the client shows the allowed calls after any order of events, changes of access, failures and requests', async () => {
    const kinds = [
      'change',
      'change',
      'change',
      'end',
      'erase',
      'allow',
      'allow',
      'deny',
      'watch',
      'fail',
      'refresh',
    ] as const
    const step = fc.record({
      kind: fc.constantFrom(...kinds, 'latency', 'wait', 'wait', 'wait', 'wait'),
      callId: fc.constantFrom('c-0', 'c-1', 'c-2'),
      covered: fc.subarray(['c-0', 'c-1']),
      ms: fc.constantFrom(1, 10, 40, 200, 930),
    })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const desk = agentDesk()
      const deniedAt = new Map<string, number>()
      const isCovered = (callId: string) => desk.grant.calls === '*' || desk.grant.calls.includes(callId)
      desk.onSent = ({ calls, gone }) => {
        // A decision may be as old as the slowest `authorize` of its batch.
        for (const { callId } of calls)
          expect(Date.now() - (deniedAt.get(callId) ?? Date.now())).toBeLessThanOrEqual(200)
        for (const { callId } of calls) expect(isCovered(callId)).toBe(true)
        for (const callId of gone) expect(desk.view.has(callId)).toBe(true)
      }
      const visible = (isWanted: (summary: CallSummary) => boolean) =>
        [...desk.calls.values()].filter(
          (each) => isCovered(each.callId) && desk.allowed.has(each.callId) && isWanted(each),
        )
      let version = 0
      const deny = (callId: string) => {
        if (desk.allowed.delete(callId) || !deniedAt.has(callId)) deniedAt.set(callId, Date.now())
      }
      for (const each of ['c-0', 'c-1', 'c-2']) deny(each)
      const change = (callId: string, phase: CallSummary['phase'] = 'answered') =>
        desk.put(callId, { phase, from: `${++version}` })
      await desk.watch()
      const rewatch = () => void desk.watch().catch((error: unknown) => desk.errors.push(error))
      for (const { kind, callId, covered, ms } of steps) {
        if (kind === 'change') change(callId)
        else if (kind === 'end') change(callId, 'ended')
        else if (kind === 'erase') desk.erase(callId)
        else if (kind === 'allow') {
          desk.allowed.add(callId)
          deniedAt.delete(callId)
        } else if (kind === 'deny') deny(callId)
        else if (kind === 'refresh') {
          desk.grant = { ...everyCall, calls: covered.length > 0 ? covered : '*' }
          // The client requests the list when the reply to the refresh has arrived.
          setTimeout(rewatch, 100)
        } else if (kind === 'watch') rewatch()
        else if (kind === 'latency') desk.latencyMs = Math.min(ms, 200)
        else if (kind === 'fail') desk.isHostFailing = !desk.isHostFailing
        else await vi.advanceTimersByTimeAsync(ms)
      }
      desk.isHostFailing = false
      await vi.advanceTimersByTimeAsync(40_000)
      for (const summary of visible(({ phase }) => phase !== 'ended'))
        expect(desk.view.get(summary.callId)).toBe(summary)
      for (const summary of desk.calls.values()) change(summary.callId, summary.phase)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(new Set(desk.view.values())).toEqual(new Set(visible(() => true)))
      desk.close()
      // The host may still be deciding.
      await vi.advanceTimersByTimeAsync(1_000)
      expect([desk.errors, vi.getTimerCount()]).toEqual([[], 0])
    })
    await fc.assert(property, { numRuns: process.env.CALLGATHER_LONG ? 5_000 : 500 })
  })
})
