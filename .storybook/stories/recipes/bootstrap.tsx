import { CallList, GatherPanel } from '@callgather/react'
import { useState } from 'react'
import '@callgather/react/styles.css'

/** Bootstrap's variables set the colours, so a change of `data-bs-theme` or of a Sass variable reaches the panel. */
const theme = {
  '--cg-accent': 'var(--bs-primary)',
  '--cg-positive': 'var(--bs-success)',
  '--cg-warning': 'var(--bs-warning)',
  '--cg-negative': 'var(--bs-danger)',
  '--cg-surface': 'var(--bs-body-bg)',
  '--cg-sunken': 'var(--bs-tertiary-bg)',
  '--cg-line': 'var(--bs-border-color)',
  '--cg-radius': 'var(--bs-border-radius)',
  '--cg-font-family': 'var(--bs-body-font-family)',
}

export function BootstrapDesk() {
  const [callId, setCallId] = useState<string | null>(null)
  return (
    <div className="container-fluid p-3" style={theme as React.CSSProperties}>
      <header className="d-flex align-items-center gap-2 border-bottom pb-2 mb-3">
        <h2 className="h4 mb-0 me-auto">Agent desk</h2>
        <button type="button" className="btn btn-primary">
          Dial
        </button>
      </header>
      <div className="row g-3">
        <div className="col-md-4">
          <CallList selected={callId} onSelect={setCallId} />
        </div>
        <div className="col-md-8">
          {callId ? <GatherPanel callId={callId} /> : <div className="alert alert-secondary">Select a call.</div>}
        </div>
      </div>
    </div>
  )
}
