import { describe, expect, it } from 'vitest'
import { type LegInput, type LegPhase, type LegState, startLeg, stepLeg } from './leg.ts'

const NOW = '2026-01-01T00:00:00.000Z'
const at = (phase: LegPhase, direction: LegState['direction']): LegState => ({
  phase,
  direction,
  start_time: NOW,
  cause: null,
})

/** Expected outcome of each input: state, or hangup cause and source; `null` means no change. The type requires all cells. */
const table: Record<Exclude<LegPhase, 'ended'>, Record<LegInput['type'], string | null>> = {
  parked: {
    answer: 'answered',
    'picked-up': null,
    reject: 'user_busy by callee 486',
    hangup: 'normal_clearing by callee 200',
    'hung-up': 'originator_cancel by caller 487',
    'rang-out': 'timeout by unknown 408',
    'time-limit': null,
  },
  bridging: {
    answer: null,
    'picked-up': 'answered',
    reject: 'user_busy by callee 486',
    hangup: 'originator_cancel by caller 487',
    'hung-up': 'call_rejected by callee 603',
    'rang-out': 'timeout by unknown 408',
    'time-limit': null,
  },
  answered: {
    answer: null,
    'picked-up': null,
    reject: null,
    hangup: 'normal_clearing by callee 200',
    'hung-up': 'normal_clearing by caller 200',
    'rang-out': null,
    'time-limit': 'time_limit by unknown 200',
  },
}

const inputOf = (type: LegInput['type']): LegInput => (type === 'reject' ? { type, cause: 'user_busy' } : { type })

describe('a call leg', () => {
  const cells = Object.entries(table).flatMap(([phase, row]) =>
    Object.entries(row).map(([type, outcome]) => ({ phase, type, outcome })),
  )

  it.each(cells)('the input $type moves a $phase leg to: $outcome', ({ phase, type, outcome }) => {
    const before = at(phase as LegPhase, phase === 'bridging' ? 'outgoing' : 'incoming')
    const { state, effects } = stepLeg(before, inputOf(type as LegInput['type']), NOW)
    const [effect] = effects
    if (outcome === null) {
      expect(state).toEqual(before)
      expect(effects).toEqual([])
    } else if (outcome === 'answered') {
      expect(state.phase).toBe('answered')
      expect(effect).toMatchObject({ do: 'emit', event_type: 'call.answered', payload: { state: 'answered' } })
    } else {
      expect(state.phase).toBe('ended')
      if (effect?.do !== 'emit') throw new Error('The step did not emit call.hangup.')
      const { hangup_cause, hangup_source, sip_hangup_cause } = effect.payload
      expect(`${String(hangup_cause)} by ${String(hangup_source)} ${String(sip_hangup_cause)}`).toBe(outcome)
    }
  })

  it('an ended leg ignores all inputs', () => {
    for (const type of Object.keys(table.parked)) {
      const before = at('ended', 'incoming')
      expect(stepLeg(before, inputOf(type as LegInput['type']), NOW)).toEqual({ state: before, effects: [] })
    }
  })

  it('starts an incoming leg as parked and an outgoing leg as bridging', () => {
    expect(startLeg('incoming', '+15550100', NOW).effects).toMatchObject([
      { event_type: 'call.initiated', payload: { direction: 'incoming', state: 'parked' } },
    ])
    expect(startLeg('outgoing', '+15550100', NOW).effects).toMatchObject([
      { event_type: 'call.initiated', payload: { direction: 'outgoing', state: 'bridging' } },
    ])
  })

  it('reports hangup_source caller when the platform hangs up an outgoing call', () => {
    const out = stepLeg(at('answered', 'outgoing'), { type: 'hangup' }, NOW)
    expect(out.effects).toMatchObject([{ payload: { hangup_source: 'caller' } }])
  })
})
