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
  it('names a step for every input in every state', () => {
    expect(Object.values(syncSteps).map((steps) => Object.keys(steps))).toEqual(inputs.map(() => states))
  })

  it.each<[string, SyncInput[], SyncState]>([
    ['asks as soon as there is a link', ['opened'], 'requesting'],
    ['asks again on another link, whatever the first one still says', ['opened', 'opened'], 'requesting'],
    ['is current once it is answered and nothing is missing', ['opened', 'answered', 'complete'], 'current'],
    ['waits a moment for an event that may only be late', ['opened', 'answered', 'gap'], 'backoff'],
    ['is current without a question if the late event arrives', ['opened', 'answered', 'gap', 'complete'], 'current'],
    ['asks if the late event does not arrive', ['opened', 'answered', 'gap', 'backoffOver'], 'requesting'],
    ['asks for a replaced log', ['opened', 'answered', 'stale', 'backoffOver'], 'requesting'],
    ['leaves an open question alone, whatever arrives meanwhile', ['opened', 'gap', 'stale', 'complete'], 'requesting'],
    ['asks again after a refusal that may pass', ['opened', 'rejected', 'backoffOver'], 'requesting'],
    ['asks at once when a check or a resync is requested', ['opened', 'answered', 'check'], 'requesting'],
    ['replaces an open question by a resync', ['opened', 'resync'], 'requesting'],
    ['asks nothing without a link', ['opened', 'closed', 'check', 'resync', 'gap', 'stale'], 'detached'],
  ])('%s', (_, given, state) => {
    expect(run(...given)).toBe(state)
  })

  it('reopens a question in flight for a new link or a resync, and for nothing else', () => {
    expect(inputs.filter((input) => syncSteps[input].requesting === 'requesting')).toEqual(['opened', 'resync'])
  })

  it('never leaves the end', () => {
    expect(inputs.map((input) => syncSteps[input].ended)).toEqual(inputs.map(() => 'stay'))
    expect(states.map((state) => syncSteps.stop[state])).toEqual(['ended', 'ended', 'ended', 'ended', 'stay'])
  })

  it('detaches from every state but the end when the link is gone', () => {
    expect(states.map((state) => syncSteps.closed[state])).toEqual(['stay', 'detached', 'detached', 'detached', 'stay'])
  })
})
