/** Opens the file of an exported call: chosen, dropped or pasted. */
import {
  type ExportedCall,
  ExportedCallError,
  readExportedCall,
  readExportedFile,
} from '@callgather/protocol/scenarios'
import { type DragEvent, type ReactElement, useId, useRef, useState } from 'react'

/** The props of `OpenExport`. */
export interface OpenExportProps {
  /** Called with the call of a valid export. */
  readonly onOpen: (call: ExportedCall) => void
}

/**
 * A field that opens an exported call: choose, drop or paste it. It says why it refuses any other file. For developers,
 * so its texts are English. Styles: `@callgather/react/testing.css`.
 */
export function OpenExport({ onOpen }: OpenExportProps): ReactElement {
  const [error, setError] = useState<string | null>(null)
  const id = useId()
  const latest = useRef<object | null>(null)

  const open = async (source: string | File) => {
    const own = {}
    latest.current = own
    const outcome = await (typeof source === 'string'
      ? Promise.resolve(source).then(readExportedCall)
      : readExportedFile(source)
    ).catch((cause: unknown) =>
      ExportedCallError.isInstance(cause) ? cause.message : 'The file could not be read. Choose it again.',
    )
    // A file that was chosen later may be read earlier.
    if (latest.current !== own) return
    setError(typeof outcome === 'string' ? outcome : null)
    if (typeof outcome !== 'string') onOpen(outcome)
  }
  const openIfAny = (source: string | File | null | undefined) => {
    if (source) open(source).catch(reportError)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    openIfAny(event.dataTransfer.files[0] ?? event.dataTransfer.getData('text'))
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a shortcut for the field inside
    <div className="cg cg-replay-open" onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
      <label>
        Open an export
        <input
          type="file"
          accept=".json,application/json"
          aria-describedby={id}
          onChange={({ currentTarget }) => {
            openIfAny(currentTarget.files?.[0])
            // The same file can be chosen again after it was changed.
            currentTarget.value = ''
          }}
        />
      </label>
      <textarea
        className="cg-input"
        aria-label="Paste an export"
        placeholder="Drop a file here, or paste an export"
        rows={2}
        value=""
        onChange={({ currentTarget }) => openIfAny(currentTarget.value)}
      />
      <p id={id} role="alert">
        {error}
      </p>
    </div>
  )
}
