import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { keyText } from '../../hooks/shortcut-key.ts'
import { useShortcuts } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Empty } from '../kit/notice.tsx'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { useModal } from './use-modal.ts'

/** The id of the palette's own shortcut, which the palette does not list. */
const PALETTE = 'palette'

/**
 * A dialog that finds an action of the surrounding `Shortcuts` by its words and runs it. Ctrl+K opens it, Cmd+K on Apple
 * devices, and `useShortcuts().run('palette')`. It lists only actions that are possible now.
 */
export function CommandPalette() {
  const { t } = useLanguage()
  const modal = useModal({ id: PALETTE, key: 'Mod+K', label: t('shortcuts.palette') })
  if (!modal.isOpen) return null
  return (
    <dialog {...modal.props} className="cg cg-dialog cg-palette" aria-label={t('shortcuts.palette')}>
      <Finder close={modal.close} />
    </dialog>
  )
}

/** A combobox with a list of actions (WAI-ARIA Authoring Practices, "Combobox"). */
function Finder({ close }: { readonly close: () => void }) {
  const { t, locale } = useLanguage()
  const { shortcuts, run } = useShortcuts()
  const [query, setQuery] = useState('')
  const [activeId, setActiveId] = useState<string | null>(null)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const words = query.toLocaleLowerCase(locale).split(/\s+/)
  const found = shortcuts.filter(({ id, label, isAvailable }) => {
    const text = label.toLocaleLowerCase(locale)
    return isAvailable && id !== PALETTE && words.every((word) => text.includes(word))
  })
  const active = found.find((action) => action.id === activeId) ?? found[0]
  const optionId = (actionId: string) => `${id}${actionId}`
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView?.({ block: 'nearest' })
  })
  const choose = (actionId: string | undefined) => {
    if (actionId === undefined) return
    // The action may move the focus, so the dialog restores it first.
    close()
    run(actionId)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const index = active ? found.indexOf(active) : 0
    const to = { ArrowDown: index + 1, ArrowUp: index - 1 }[event.key]
    if (to === undefined || found.length === 0) return
    event.preventDefault()
    setActiveId(found[(to + found.length) % found.length]?.id ?? null)
  }
  // A submitted form, because the keys after it are deliberate again.
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    choose(active?.id)
  }
  return (
    <form onSubmit={onSubmit}>
      <input
        className="cg-input"
        type="text"
        role="combobox"
        autoComplete="off"
        aria-label={t('shortcuts.palette')}
        placeholder={t('shortcuts.palette')}
        aria-expanded={found.length > 0}
        aria-controls={`${id}list`}
        aria-autocomplete="list"
        aria-activedescendant={active && optionId(active.id)}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value)
          setActiveId(null)
        }}
        onKeyDown={onKeyDown}
      />
      <div className="cg-palette-list" role="listbox" id={`${id}list`} aria-label={t('shortcuts.actions')} ref={list}>
        {found.map((action) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the focus and handles the keys
          <div
            key={action.id}
            id={optionId(action.id)}
            role="option"
            tabIndex={-1}
            aria-selected={action === active}
            onClick={() => choose(action.id)}
          >
            <span>{action.label}</span>
            <ShortcutHint shortcut={action.key === null ? null : keyText(action.key)} />
          </div>
        ))}
      </div>
      <div role="status">{found.length === 0 && <Empty icon="search" title={t('shortcuts.noAction')} />}</div>
    </form>
  )
}
