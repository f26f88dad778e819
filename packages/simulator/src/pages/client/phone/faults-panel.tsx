/** @jsxImportSource preact */
/** A panel that sets the rate of each fault. */
import { useEffect, useState } from 'preact/hooks'
import type { Attempt } from '../attempt.ts'
import { type Faults, simulator } from '../simulator.ts'

export function FaultsPanel({ attempt }: { attempt: Attempt }) {
  const [known, setKnown] = useState<Record<string, string>>({})
  const [faults, setFaults] = useState<Faults>({})
  useEffect(
    () =>
      attempt(simulator.faults(), ({ data, meta }) => {
        setKnown(meta.known)
        setFaults(data)
      }),
    [],
  )
  const set = (name: string, rate: number) => {
    const { [name]: before, ...others } = faults
    attempt(simulator.setFaults(rate === 0 ? others : { ...others, [name]: { ...before, rate } }), setFaults)
  }
  const active = Object.keys(faults).length
  return (
    <section class="card faults" aria-labelledby="faults-title">
      <details>
        <summary>
          <h2 id="faults-title">Faults</h2>
          {active > 0 ? <span class="pill red">{active} on</span> : <span class="quietly">all is well</span>}
        </summary>
        <ul>
          {Object.entries(known).map(([name, what]) => {
            const rate = faults[name]?.rate ?? 0
            return (
              <li key={name} data-on={rate > 0 ? '' : undefined}>
                <label for={`fault-${name}`}>
                  <b>{spaced(name)}</b>
                  <span>{what}</span>
                </label>
                <select
                  id={`fault-${name}`}
                  value={String(rate)}
                  onChange={(event) => set(name, Number(event.currentTarget.value))}
                >
                  {rates(rate).map((value) => (
                    <option key={value} value={String(value)}>
                      {value === 0 ? 'never' : value === 1 ? 'always' : `${Math.round(value * 100)} %`}
                    </option>
                  ))}
                </select>
              </li>
            )
          })}
        </ul>
        {active > 0 && (
          <button type="button" class="small" onClick={() => attempt(simulator.setFaults({}), setFaults)}>
            Turn all off
          </button>
        )}
      </details>
    </section>
  )
}

const rates = (current: number) => [...new Set([0, 0.1, 0.3, 0.5, 1, current])].sort((one, other) => one - other)

function spaced(name: string): string {
  const words = name.replace(/([A-Z])/g, ' $1').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1).replace(/^pi\b/, 'PI')
}
