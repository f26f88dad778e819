import { type KeyboardEvent, useId, useState } from 'react'
import { keyText } from '../../hooks/shortcut-key.ts'
import type { ShortcutItem } from '../../hooks/shortcut-registry.ts'
import { useShortcuts } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from '../kit/button.tsx'
import { useModal } from './use-modal.ts'

/**
 * A dialog that lists the shortcuts of the surrounding `Shortcuts`. An agent can change each key, turn all of them off,
 * and restore them. The key `?` opens it, and `useShortcuts().run('help')`.
 */
export function ShortcutHelp() {
  const { t } = useLanguage()
  const id = useId()
  const modal = useModal({ id: 'help', key: '?', label: t('shortcuts.help') })
  // The id of the shortcut that waits for its new key.
  const [changing, setChanging] = useState<string | null>(null)
  const { shortcuts, enabled, setEnabled, setKey, reset } = useShortcuts()
  if (!modal.isOpen) return null
  const onKeyDown = (event: KeyboardEvent, shortcut: ShortcutItem) => {
    if (changing !== shortcut.id || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Tab') return setChanging(null)
    // Escape keeps the old key and leaves the dialog open.
    if (event.key !== 'Escape' && (event.key.length !== 1 || event.key === ' ')) return
    event.preventDefault()
    event.stopPropagation()
    if (event.key !== 'Escape') setKey(shortcut.id, event.shiftKey ? event.key : event.key.toLowerCase())
    setChanging(null)
  }
  return (
    <dialog
      {...modal.props}
      className="cg cg-dialog"
      aria-labelledby={id}
      onCancel={(event) => changing !== null && event.preventDefault()}
    >
      <h2 className="cg-card-title" id={id}>
        {t('shortcuts.title')}
      </h2>
      <p className="cg-hint">{t('shortcuts.hint')}</p>
      <ul className="cg-shortcuts">
        {shortcuts.map((shortcut) => {
          const key = shortcut.key === null ? t('shortcuts.noKey') : keyText(shortcut.key).text
          const isChanging = changing === shortcut.id
          return (
            <li key={shortcut.id}>
              <span aria-hidden="true">{shortcut.label}</span>
              <Button
                size="small"
                disabled={!enabled}
                aria-label={
                  isChanging
                    ? `${shortcut.label}: ${t('shortcuts.press')}`
                    : t('shortcuts.change', { what: shortcut.label, key })
                }
                onClick={() => setChanging(shortcut.id)}
                onKeyDown={(event) => onKeyDown(event, shortcut)}
                onBlur={() => setChanging(null)}
              >
                {isChanging ? t('shortcuts.press') : key}
              </Button>
            </li>
          )
        })}
      </ul>
      <label className="cg-check">
        <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
        {t('shortcuts.use')}
      </label>
      <footer className="cg-dialog-actions">
        <Button variant="quiet" onClick={reset}>
          {t('shortcuts.reset')}
        </Button>
        <Button onClick={modal.close}>{t('action.close')}</Button>
      </footer>
    </dialog>
  )
}
