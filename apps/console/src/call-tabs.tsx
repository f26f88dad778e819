import type { CallSummary } from '@callgather/protocol'
import type { OpenCalls } from './use-open-calls.ts'

/** Tabs of the open calls. Each shows its caller and its phase, which is also hidden text for screen readers. */
export function CallTabs({
  calls,
  open,
  onClose,
}: {
  calls: readonly CallSummary[]
  open: OpenCalls
  onClose: (callId: string) => void
}) {
  return (
    <nav className="console-tabs" aria-label="Open calls">
      {open.ids.map((id) => {
        const call = calls.find((each) => each.callId === id)
        const name = call?.from ? formatNumber(call.from) : 'Call'
        return (
          <span key={id} className="console-tab" data-current={id === open.current ? '' : undefined}>
            <button type="button" aria-current={id === open.current ? 'page' : undefined} onClick={() => open.show(id)}>
              <span className="console-dot" data-phase={call?.phase ?? 'unknown'} aria-hidden="true" />
              {name}
              <span className="console-hidden">, {call?.phase ?? 'unknown'}</span>
            </button>
            <button
              type="button"
              className="console-tab-close"
              aria-label={`Close ${name}`}
              onClick={() => onClose(id)}
            >
              ×
            </button>
          </span>
        )
      })}
    </nav>
  )
}

/** Groups the digits of a North American number. Other numbers stay unchanged. */
const formatNumber = (number: string) => number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3 $4')
