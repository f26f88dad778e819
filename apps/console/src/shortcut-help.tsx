import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { Shortcut, ShortcutSettings } from './shortcuts.ts'

interface ShortcutHelpProps {
  shortcuts: readonly Shortcut[]
  settings: ShortcutSettings
  onClose: () => void
}

/** A dialog that lists and changes the shortcuts. The browser traps the focus in it and restores it. */
export function ShortcutHelp({ shortcuts, settings, onClose }: ShortcutHelpProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  // The id of the shortcut that waits for its new key.
  const [changing, setChanging] = useState<string | null>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  const onKeyDown = (event: KeyboardEvent, shortcut: Shortcut) => {
    if (changing !== shortcut.id || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Tab') return setChanging(null)
    // Escape keeps the old key and leaves the dialog open.
    if (event.key !== 'Escape' && (event.key.length !== 1 || event.key === ' ')) return
    event.preventDefault()
    event.stopPropagation()
    if (event.key !== 'Escape') settings.setKey(shortcut, event.key)
    setChanging(null)
  }
  return (
    <dialog
      ref={dialog}
      className="console-dialog"
      aria-labelledby="shortcuts-title"
      onClose={onClose}
      onCancel={(event) => changing !== null && event.preventDefault()}
    >
      <h2 id="shortcuts-title">Keyboard shortcuts</h2>
      <p>They are off while you type in a field. Press a key below to change it.</p>
      <dl>
        {shortcuts.map((shortcut) => {
          const key = settings.keyOf(shortcut)
          const isWaiting = changing === shortcut.id
          return (
            <div key={shortcut.id}>
              <dt>{shortcut.label}</dt>
              <dd>
                <button
                  type="button"
                  className="console-key"
                  disabled={!settings.enabled}
                  aria-label={
                    isWaiting ? `${shortcut.label}: press the new key` : `${shortcut.label}: ${key}. Change this key`
                  }
                  data-waits={isWaiting ? '' : undefined}
                  onClick={() => setChanging(shortcut.id)}
                  onKeyDown={(event) => onKeyDown(event, shortcut)}
                  onBlur={() => setChanging(null)}
                >
                  {isWaiting ? 'Press a key' : key}
                </button>
              </dd>
            </div>
          )
        })}
      </dl>
      <label className="console-check">
        <input
          type="checkbox"
          checked={settings.enabled}
          onChange={(event) => settings.setEnabled(event.currentTarget.checked)}
        />
        Use these shortcuts
      </label>
      <footer>
        <button type="button" className="console-quiet" onClick={settings.reset}>
          Restore all
        </button>
        <button type="button" className="console-button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </footer>
    </dialog>
  )
}
