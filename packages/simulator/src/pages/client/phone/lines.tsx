/** @jsxImportSource preact */
/** The list of calls on the phone page. */
import { endedBecause, lasted, telephone } from '../format.ts'
import { IconButton } from '../frame.tsx'
import { Close, Plus } from '../icons.tsx'
import type { CallView } from '../simulator.ts'

export function Lines({
  lines,
  selected,
  now,
  onSelect,
  onDismiss,
}: {
  lines: readonly CallView[]
  selected: string | null
  now: number
  onSelect(id: string | null): void
  onDismiss(id: string): void
}) {
  return (
    <section class="card lines" aria-labelledby="lines-title">
      <header>
        <h2 id="lines-title">Lines</h2>
        <button type="button" class="small" onClick={() => onSelect(null)} aria-pressed={selected === null}>
          <Plus /> New call
        </button>
      </header>
      {lines.length === 0 ? (
        <p class="empty">No calls yet. Dial any number: it reaches the program behind the simulator.</p>
      ) : (
        <ul>
          {lines.map((call) => (
            <li key={call.id} data-state={call.state} data-selected={call.id === selected ? '' : undefined}>
              <button type="button" class="line" aria-current={call.id === selected} onClick={() => onSelect(call.id)}>
                <span class="dot" aria-hidden="true" />
                <span class="who">
                  <b>
                    <span>{telephone(call.from)}</span> → <span>{telephone(call.to)}</span>
                  </b>
                  <span class="doing">{doing(call)}</span>
                </span>
                <time>{lasted(call, now)}</time>
              </button>
              {call.state === 'ended' && (
                <IconButton
                  class="icon away"
                  label={`Dismiss the call from ${telephone(call.from)} to ${telephone(call.to)}`}
                  onClick={() => onDismiss(call.id)}
                >
                  <Close />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function doing(call: CallView): string {
  if (call.state === 'ended') return endedBecause(call.hangup_cause)
  if (call.state === 'ringing') return call.direction === 'incoming' ? 'Ringing there' : 'Ringing here'
  if (call.bridged_with !== null) return 'Connected to another line'
  if (call.collecting?.kind === 'digits')
    return call.speaking === null ? `Waiting for keys · ${call.collecting.digits.length} in` : 'Prompt playing'
  if (call.collecting?.kind === 'ai_gather') return 'AI is asking'
  if (call.collecting?.kind === 'assistant') return 'With the AI assistant'
  return call.speaking === null ? 'On the line' : 'Listening'
}
