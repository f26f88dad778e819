import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import type { ShortcutKey } from '../../hooks/shortcut-key.ts'
import { Icon, type IconName } from './icon.tsx'
import { ShortcutHint } from './shortcut-hint.tsx'
import { activeIn } from './typing-guard.ts'

/** A button that opens a menu of actions (WAI-ARIA Authoring Practices, "Menu Button"). */
export function Menu({
  icon,
  label,
  items,
}: {
  readonly icon: IconName
  readonly label: string
  readonly items: readonly {
    readonly label: string
    readonly run: () => void
    /** The key of the action. */
    readonly shortcut?: ShortcutKey | null
  }[]
}) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()

  useEffect(() => {
    const { current } = root
    if (!open || !current) return
    current.querySelector<HTMLElement>('[role=menuitem]')?.focus()
    const onOutside = (event: PointerEvent) => {
      // In a shadow root, the target is only its host.
      if (!event.composedPath().includes(current)) setOpen(false)
    }
    const { ownerDocument } = current
    ownerDocument.addEventListener('pointerdown', onOutside)
    return () => ownerDocument.removeEventListener('pointerdown', onOutside)
  }, [open])

  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=menuitem]')]
    const index = all.indexOf(activeIn(event.currentTarget) as HTMLElement)
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: all.length - 1 }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      all[(to + all.length) % all.length]?.focus()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab') setOpen(false)
  }
  return (
    <div className="cg-menu" ref={root}>
      <button
        ref={button}
        type="button"
        className="cg-button"
        data-variant="quiet"
        data-size="small"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} />
        {label}
      </button>
      {open && (
        <div className="cg-menu-list" role="menu" tabIndex={-1} id={id} aria-label={label} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="cg-button"
              data-variant="quiet"
              aria-keyshortcuts={item.shortcut?.aria}
              onClick={() => {
                item.run()
                close()
              }}
            >
              {item.label} <ShortcutHint shortcut={item.shortcut ?? null} />
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
