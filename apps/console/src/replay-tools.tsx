import { type ExportedCall, OpenExport, readExportedCall } from '@callgather/react/testing'
import '@callgather/react/testing.css'
import { useMutation } from '@tanstack/react-query'
import { fetchTicket, type Role } from './session.ts'

/** Exports the open call, and opens exported calls as replays. Loaded with the drawer for engineers. */
export default function ReplayTools({
  callId,
  role,
  onReplay,
}: {
  readonly callId: string | null
  readonly role: Role
  readonly onReplay: (call: ExportedCall) => void
}) {
  const exporting = useMutation({
    networkMode: 'always',
    mutationFn: async ({ callId, use }: { callId: string; use: (text: string) => void }) =>
      use(await exportCall(callId, role)),
  })
  const run = (use: (text: string) => void) => {
    if (callId !== null && !exporting.isPending) exporting.mutate({ callId, use })
  }
  return (
    <section className="console-replay-tools" aria-label="Replay">
      {callId !== null && (
        <div>
          <button
            type="button"
            className="console-button"
            onClick={() => run((text) => onReplay(readExportedCall(text)))}
          >
            Replay
          </button>
          <button type="button" className="console-button" onClick={() => run((text) => saveFile(text, callId))}>
            Export
          </button>
        </div>
      )}
      {exporting.isError && (
        <p className="console-error" role="alert">
          {exporting.error.message}
        </p>
      )}
      <OpenExport onOpen={onReplay} />
    </section>
  )
}

/** Fetches the call from the server as the text of a JSON file. */
async function exportCall(callId: string, role: Role): Promise<string> {
  const response = await fetch(`/callgather/calls/${encodeURIComponent(callId)}/export?format=json`, {
    headers: { authorization: `Bearer ${await fetchTicket(role)}` },
  })
  if (!response.ok) throw new Error(`The call was not exported: HTTP status ${response.status}. Try again.`)
  return response.text()
}

function saveFile(text: string, callId: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${callId.replaceAll(/[^\w-]+/g, '_')}.json`
  link.click()
  // Revoke the URL later, because Safari reads it only after this turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
