import { useEffect, useRef, useState } from 'react'
import { isCombination, pressedKey } from '../../hooks/shortcut-key.ts'
import { ShortcutRegistry } from '../../hooks/shortcut-registry.ts'
import { ShortcutsContext } from '../../hooks/use-shortcut.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { FIELDS, placeOf, targetOf } from './fields.ts'
import { swallowLeftoverTyping } from './leftover-typing.ts'

/** The props of `Shortcuts`. */
export interface ShortcutsProps extends PartProps<'div'> {
  /** Whether the components inside have keys. Default: `true`. */
  readonly enabled?: boolean
  /** Whether the keys also work while nothing has the focus. For an app that fills the page. Default: `false`. */
  readonly wholePage?: boolean
}

/**
 * Gives the components inside it single-key shortcuts. Render `ShortcutHelp` and `CommandPalette` inside it, and register
 * actions of your own with `useShortcut`.
 *
 * The keys work while the focus is inside this element, but not in a field or a dialog. A key that the agent types after
 * its field disappears does nothing. Agents can change each key and turn all of them off; the browser stores that.
 */
export function Shortcuts({ enabled = true, wholePage = false, ...props }: ShortcutsProps) {
  const root = useRef<HTMLDivElement>(null)
  const [registry] = useState(() => new ShortcutRegistry())
  const kept = useKeptFocus()
  useEffect(() => {
    const { current } = root
    if (!enabled || !current) return
    const stops = [listenForKeys(current, registry, wholePage), swallowLeftoverTyping(current)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [enabled, registry, wholePage])
  return (
    <ShortcutsContext.Provider value={enabled ? registry : null}>
      {renderPart('div', props, { ref: root, 'data-cg-shortcuts': '', ...kept } as object)}
    </ShortcutsContext.Provider>
  )
}

/** Listens on the document, so that a key handler of a component runs first and can prevent the default. */
function listenForKeys(root: Element, registry: ShortcutRegistry, wholePage: boolean): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    // A held key must not ask twice. An input method composes text with keys of its own.
    if (event.defaultPrevented || event.repeat || event.isComposing) return
    const place = placeOf(event, root)
    if (place === 'outside' || (place === 'nowhere' && !wholePage)) return
    const key = pressedKey(event)
    if (key === null || isUsedBy(targetOf(event), key, root)) return
    if (registry.press(key)) event.preventDefault()
  }
  const { ownerDocument } = root
  ownerDocument.addEventListener('keydown', onKeyDown)
  return () => ownerDocument.removeEventListener('keydown', onKeyDown)
}

/** Whether the focused element uses the key itself: a field, or anything in a dialog inside the root. */
function isUsedBy(focused: Element, key: string, root: Element): boolean {
  const dialog = focused.closest('dialog, [aria-modal="true"]')
  if (dialog && root.contains(dialog)) return true
  return !isCombination(key) && focused.closest(FIELDS) !== null
}
