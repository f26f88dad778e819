import { useEffect, useRef } from 'react'
import type { Shortcut } from './shortcuts.ts'

/** The list of shortcuts, as a dialog; the browser keeps the focus in it and gives it back. */
export function ShortcutHelp({ shortcuts, onClose }: { shortcuts: readonly Shortcut[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} className="console-dialog" aria-labelledby="shortcuts-title" onClose={onClose}>
      <h2 id="shortcuts-title">Keyboard shortcuts</h2>
      <dl>
        {shortcuts.map(({ key, does }) => (
          <div key={key}>
            <dt>{does}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <p>They are off while you type in a field. The keypad and the transcript have keys of their own.</p>
      <button type="button" className="console-button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
