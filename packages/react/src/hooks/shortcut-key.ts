/**
 * The keys of shortcuts: a character (`j`), a letter with Shift (`H`), a named key (`Escape`), or a key with Ctrl, or
 * Cmd on Apple devices (`Mod+K`).
 */

/** The key of a shortcut as text. */
export interface ShortcutKey {
  /** The text to show, such as `J`, `Shift H` or `Ctrl K`. */
  readonly text: string
  /** The value for `aria-keyshortcuts`, such as `Shift+H`. */
  readonly aria: string
}

const isApple = () => typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

const isLetter = (key: string) =>
  key.length === 1 && key.toLowerCase() !== key.toUpperCase() && key.toUpperCase().length === 1

const needsShift = (key: string) => isLetter(key) && key === key.toUpperCase()

/** Returns the key that an event presses; `null` for a combination that is no shortcut. Caps Lock has no effect. */
export function pressedKey({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string | null {
  if (ctrlKey || metaKey || altKey) {
    const isMod = isApple() ? metaKey && !ctrlKey : ctrlKey && !metaKey
    return isMod && !altKey && !shiftKey ? `Mod+${key.toUpperCase()}` : null
  }
  if (!isLetter(key)) return key
  return shiftKey ? key.toUpperCase() : key.toLowerCase()
}

/** Whether a key works in text fields too, because it types nothing. */
export const isCombination = (key: string): boolean => key.startsWith('Mod+')

/**
 * Returns the key that an agent may give to a shortcut; `null` for none. A shortcut that needs Shift by default, such as
 * hanging up, keeps it: a stray letter must not run it.
 */
export function allowedKey(defaultKey: string, key: string): string | null {
  if (!needsShift(defaultKey)) return key
  return isLetter(key) ? key.toUpperCase() : null
}

/** Returns the text of a key. */
export function keyText(key: string): ShortcutKey {
  if (isCombination(key)) {
    const letter = key.slice('Mod+'.length)
    return isApple()
      ? { text: `⌘ ${letter}`, aria: `Meta+${letter}` }
      : { text: `Ctrl ${letter}`, aria: `Control+${letter}` }
  }
  if (key === 'Escape') return { text: 'Esc', aria: key }
  if (needsShift(key)) return { text: `Shift ${key}`, aria: `Shift+${key}` }
  const text = isLetter(key) ? key.toUpperCase() : key
  return { text, aria: key === '+' ? 'plus' : text }
}
