/**
 * What the fold costs per event as a call grows. The claim is O(log n): from 1,000 to 100,000 events the cost of one
 * more event may grow with the logarithm, and no faster. The peer is the ordinary reducer, which copies its lists.
 */
import { type CallEvent, type CallState, initialCallState, reduceCall } from '@callgather/protocol'
import { atMost, type Effort, median, type Report, roundsOf } from './harness.ts'

const time = (index: number) => new Date(1_700_000_000_000 + index * 37).toISOString().replace('Z', '000Z')

/** A long call: mostly turns of a conversation, with keys between them. */
function eventAt(index: number): CallEvent {
  const common = { id: `event-${index}`, occurred_at: time(index), command_id: 'talk' }
  if (index % 4 === 0) return { ...common, event_type: 'call.dtmf.received', payload: { digit: '5' } }
  const from = index - Math.floor(index / 4) - 1
  const messages = [{ role: index % 2 ? 'user' : 'assistant', content: `Turn ${index} of the conversation.` }]
  const message_history = { from, length: from + 1, messages }
  return { ...common, event_type: 'call.ai_gather.message_history_updated', payload: { message_history } }
}

interface Copying {
  readonly rows: readonly CallEvent[]
}

/** The ordinary reducer: dedupe, append, sort by time, all on copies. */
function copyingReduce(state: Copying, event: CallEvent): Copying {
  if (state.rows.some((row) => row.id === event.id)) return state
  return { rows: [...state.rows, event].sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : 1)) }
}

/** The time of one more event, in µs, for a call that already has `length` of them. */
function costOf<State>(state: State, reduce: (state: State, event: CallEvent) => State, length: number, count: number) {
  let grown = state
  const began = performance.now()
  for (let index = length; index < length + count; index++) grown = reduce(grown, eventAt(index))
  return ((performance.now() - began) * 1000) / count
}

/** Runs the benchmark. */
export function fold({ rounds }: Effort): Report {
  const lengths = [1_000, 3_162, 10_000, 31_623, 100_000]
  const largest = lengths.at(-1) ?? 0
  const states = new Map<number, CallState>()
  let state = initialCallState('call')
  for (let index = 0; index <= largest; index++) {
    if (lengths.includes(index)) states.set(index, state)
    state = reduceCall(state, eventAt(index))
  }
  const copies = new Map(
    lengths.map((length) => [length, { rows: Array.from({ length }, (_, index) => eventAt(index)) }]),
  )
  const ours = lengths.map((): number[] => [])
  const late = lengths.map((): number[] => [])
  const peer = lengths.map((): number[] => [])
  for (const round of roundsOf('fold', rounds)) {
    for (const [index, length] of lengths.entries()) {
      const from = states.get(length) as CallState
      const ordered = costOf(from, reduceCall, length, 500)
      // The same events again, each delivered once more: they change nothing, and must be found out as cheaply.
      const repeated = costOf(from, reduceCall, Math.floor(length / 2), 500)
      const copied = costOf(copies.get(length) as Copying, copyingReduce, length, 20)
      if (round === 0) continue
      ours[index]?.push(ordered)
      late[index]?.push(repeated)
      peer[index]?.push(copied)
    }
  }
  const base = median(ours[0] ?? [])
  const rows = lengths.map((length, index) => {
    const own = median(ours[index] ?? [])
    return [
      length.toLocaleString('en'),
      own,
      own / base,
      Math.log(length) / Math.log(lengths[0] ?? 1),
      median(late[index] ?? []),
      median(peer[index] ?? []),
      median(peer[index] ?? []) / own,
    ]
  })
  const head = [
    'events in the call',
    'next event, µs',
    'ratio',
    'log n ratio',
    'repeated event, µs',
    'copying reducer, µs',
    'peer / ours',
  ]
  const growth = median(ours.at(-1) ?? []) / base
  const logarithm = Math.log(largest) / Math.log(lengths[0] ?? 1)
  const says = 'cost of one more event, 100,000 against 1,000 events in the call'
  return {
    tables: [{ head, rows }],
    goals: [atMost('G15', says, logarithm, growth)],
  }
}
