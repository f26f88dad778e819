import { describe, expect, it } from 'vitest'
import { type SyncInput, type SyncState, syncSteps } from './sync-machine.ts'

const states: readonly SyncState[] = ['detached', 'requesting', 'backoff', 'current', 'ended']
const inputs = Object.keys(syncSteps) as SyncInput[]
const run = (...given: SyncInput[]) =>
  given.reduce<SyncState>((state, input) => {
    const next = syncSteps[input][state]
    return next === 'stay' ? state : next
  }, 'detached')

describe('the sync machine', () => {
  it('the sync machine defines a step for all inputs in all states', () => {
    expect(Object.values(syncSteps).map((steps) => Object.keys(steps))).toEqual(inputs.map(() => states))
  })

  it.each<[string, SyncInput[], SyncState]>([
    ['sends a request when the link opens', ['opened'], 'requesting'],
    ['sends a new request when another link replaces the first', ['opened', 'opened'], 'requesting'],
    ['becomes current after a complete reply', ['opened', 'answered', 'complete'], 'current'],
    ['backs off before fetching a gap, because the event may be late', ['opened', 'answered', 'gap'], 'backoff'],
    [
      'becomes current without a request when the late event arrives',
      ['opened', 'answered', 'gap', 'complete'],
      'current',
    ],
    ['sends a request when the gap outlasts the backoff', ['opened', 'answered', 'gap', 'backoffOver'], 'requesting'],
    [
      'sends a request for a snapshot after the log was replaced',
      ['opened', 'answered', 'stale', 'backoffOver'],
      'requesting',
    ],
    ['keeps the request in flight when events arrive meanwhile', ['opened', 'gap', 'stale', 'complete'], 'requesting'],
    ['retries after a temporary rejection', ['opened', 'rejected', 'backoffOver'], 'requesting'],
    ['sends a request at once when the client checks for missed events', ['opened', 'answered', 'check'], 'requesting'],
    ['replaces the request in flight on a resync', ['opened', 'resync'], 'requesting'],
    ['sends no request while the link is closed', ['opened', 'closed', 'check', 'resync', 'gap', 'stale'], 'detached'],
  ])('the sync machine %s', (_, given, state) => {
    expect(run(...given)).toBe(state)
  })

  it('the sync machine replaces a request in flight only for a new link or a resync', () => {
    expect(inputs.filter((input) => syncSteps[input].requesting === 'requesting')).toEqual(['opened', 'resync'])
  })

  it('the sync machine stays ended on any input, and ends from any state on stop', () => {
    expect(inputs.map((input) => syncSteps[input].ended)).toEqual(inputs.map(() => 'stay'))
    expect(states.map((state) => syncSteps.stop[state])).toEqual(['ended', 'ended', 'ended', 'ended', 'stay'])
  })

  it('the sync machine detaches when the link closes, unless it has ended', () => {
    expect(states.map((state) => syncSteps.closed[state])).toEqual(['stay', 'detached', 'detached', 'detached', 'stay'])
  })
})
