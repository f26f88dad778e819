/** @jsxImportSource preact */
/** Buttons that advance the virtual clock of the simulator. */
import { useEffect, useState } from 'preact/hooks'
import type { Attempt } from '../attempt.ts'
import { type ClockView, simulator } from '../simulator.ts'

const steps = [
  ['1 s', 1000],
  ['10 s', 10_000],
  ['1 min', 60_000],
] as const

export function ClockBar({ attempt }: { attempt: Attempt }) {
  const [clock, setClock] = useState<ClockView>()
  useEffect(() => attempt(simulator.clock(), setClock), [])
  if (clock?.kind !== 'virtual') return null
  return (
    <fieldset class="clock-bar" aria-label="Virtual clock">
      <span>Virtual clock</span>
      {steps.map(([label, ms]) => (
        <button key={ms} type="button" class="small" onClick={() => attempt(simulator.advance(ms), setClock)}>
          +{label}
        </button>
      ))}
    </fieldset>
  )
}
