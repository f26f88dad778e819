import type { ShortcutKey } from '../../hooks/shortcut-key.ts'

/** The props of `ShortcutHint`. */
export interface ShortcutHintProps {
  /** The result of `useShortcut`. */
  readonly shortcut: ShortcutKey | null
}

/**
 * Shows the key of an action inside its button. It is not part of the button's accessible name, so set
 * `aria-keyshortcuts` on the button too. Renders nothing for `null`.
 */
export function ShortcutHint({ shortcut }: ShortcutHintProps) {
  if (shortcut === null) return null
  return (
    <span className="cg-kbd" aria-hidden="true">
      {shortcut.text}
    </span>
  )
}
