import type { TimelineEntry } from '@callgather/protocol'
import { useTranscript } from '@callgather/react'
import type { ExportedCall } from '@callgather/react/testing'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { Role } from './session.ts'

// Only engineers download it.
const ReplayTools = lazy(() => import('./replay-tools.tsx'))

/** The events of the call as JSON, newest first, and the replay of exported calls, for engineers. */
export function EventDrawer({
  callId,
  role,
  onReplay,
  onClose,
}: {
  callId: string | null
  role: Role
  onReplay: (call: ExportedCall) => void
  onClose: () => void
}) {
  return (
    <aside className="console-drawer" aria-label="Events">
      <header>
        <h2>Events</h2>
        <button type="button" className="console-quiet" onClick={onClose}>
          Close
        </button>
      </header>
      <Suspense fallback={null}>
        <ReplayTools callId={callId} role={role} onReplay={onReplay} />
      </Suspense>
      {callId ? <Events callId={callId} /> : <p className="console-note">Open a call to see its events.</p>}
    </aside>
  )
}

const MAX_SHOWN_EVENTS = 200

function Events({ callId }: { callId: string }) {
  const transcript = useTranscript(callId)
  const [filter, setFilter] = useState('')
  const found = useMemo(() => {
    const rows: TimelineEntry[] = []
    for (let position = transcript.length - 1; position >= 0 && rows.length < MAX_SHOWN_EVENTS; position--) {
      const row = transcript.at(position)
      if (row && nameOf(row).includes(filter.trim().toLowerCase())) rows.push(row)
    }
    return rows
  }, [transcript, filter])
  return (
    <>
      <input
        type="search"
        className="console-search"
        aria-label="Filter by type"
        placeholder="Filter by type"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <ol className="console-events">
        {found.map((entry) => (
          <li key={entry.stamp}>
            <details>
              <summary>
                <time dateTime={entry.at}>{entry.at.slice(11, 23)}</time> {nameOf(entry)}
              </summary>
              <pre>{JSON.stringify(entry, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
      <button
        type="button"
        className="console-button"
        onClick={() => void navigator.clipboard.writeText(JSON.stringify(transcript.rows, null, 2))}
      >
        Copy all rows as JSON
      </button>
    </>
  )
}

function nameOf(entry: TimelineEntry): string {
  switch (entry.kind) {
    case 'lifecycle':
      return entry.eventType
    case 'command':
      return entry.command.request?.command ?? 'command'
    case 'playback':
      return `${entry.source} ${entry.edge}`
    case 'gather_end':
      return `gather ended ${entry.status}`
    default:
      return entry.kind
  }
}
