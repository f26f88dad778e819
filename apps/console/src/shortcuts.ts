/**
 * Single-key shortcuts. Mistakes and speech input press such keys, so an agent can change each key and turn all shortcuts
 * off (WCAG 2.1.4, Character Key Shortcuts). The settings are stored in the browser.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

/** A shortcut and its default key. */
export interface Shortcut {
  /** Identifies the shortcut in the stored settings. */
  readonly id: string
  /** `KeyboardEvent.key`. */
  readonly key: string
  /** Label in the help dialog. */
  readonly label: string
  readonly run: () => void
}

/** An agent's settings. */
interface Settings {
  readonly enabled: boolean
  /** Changed keys by shortcut id. */
  readonly keys: Readonly<Record<string, string>>
}

/** The current settings and functions that change them. */
export interface ShortcutSettings extends Settings {
  /** Returns the current key of a shortcut. */
  readonly keyOf: (shortcut: Shortcut) => string
  readonly setEnabled: (enabled: boolean) => void
  /** Changes the key of a shortcut. Swaps the keys when another shortcut has the new one. */
  readonly setKey: (shortcut: Shortcut, key: string) => void
  readonly reset: () => void
}

const STORAGE_KEY = 'callgather.shortcuts'
const DEFAULT_SETTINGS: Settings = { enabled: true, keys: {} }

function readSettings(): Settings {
  try {
    const { enabled, keys }: Partial<Settings> = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') ?? {}
    const own = Object.entries(keys ?? {}).filter(([, key]) => typeof key === 'string' && key.length === 1)
    return { enabled: enabled !== false, keys: Object.fromEntries(own) }
  } catch {
    return DEFAULT_SETTINGS
  }
}

const FIELDS = 'input, textarea, select, [contenteditable], [role="textbox"], [role="grid"]'
const NON_TEXT_FIELDS =
  '[type="checkbox"], [type="radio"], [type="button"], [type="submit"], [type="range"], [role="grid"]'

/** Whether a key belongs to typing. Any other key is deliberate. */
const isTyping = ({ key }: KeyboardEvent) =>
  key.length === 1 || ['Enter', 'Backspace', 'Delete', 'Dead', 'Process', 'Unidentified'].includes(key)

/**
 * Swallows typed keys after their field disappears, so that they fire no shortcut and press no button. Stops at a
 * deliberate action: a pointer, Tab, Escape, an arrow, a modifier, or a submitted form.
 *
 * @returns a function that stops it.
 */
function swallowLeftoverTyping(): () => void {
  let isWriting = false
  const done = () => {
    isWriting = false
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Shift' || event.key === 'AltGraph') return
    // AltGr writes characters, and reports Ctrl and Alt on some systems.
    const isModified = (event.ctrlKey || event.metaKey) && !event.getModifierState('AltGraph')
    if (isModified || !isTyping(event)) return done()
    const field = event.target instanceof Element ? event.target.closest(FIELDS) : null
    if (field) isWriting = !field.matches(NON_TEXT_FIELDS)
    else if (isWriting) {
      event.preventDefault()
      event.stopPropagation()
    }
  }
  // Space presses a button when it is released.
  const keys = ['keydown', 'keyup'] as const
  const ends = ['pointerdown', 'click', 'submit'] as const
  for (const type of keys) document.addEventListener(type, onKey, true)
  for (const type of ends) document.addEventListener(type, done, true)
  return () => {
    for (const type of keys) document.removeEventListener(type, onKey, true)
    for (const type of ends) document.removeEventListener(type, done, true)
  }
}

/**
 * Handles shortcuts outside fields and without modifiers, which belong to the browser. Set `isPaused` while a dialog is
 * open.
 */
export function useShortcuts(shortcuts: readonly Shortcut[], isPaused: boolean): ShortcutSettings {
  const [settings, setSettings] = useState(readSettings)
  const { enabled, keys } = settings
  const set = useCallback((next: Settings) => {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(next))
    setSettings(next)
  }, [])
  const latest = useRef({ shortcuts, keys })
  useEffect(() => {
    latest.current = { shortcuts, keys }
  })
  useEffect(swallowLeftoverTyping, [])
  useEffect(() => {
    if (isPaused || !enabled) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (event.target instanceof Element && event.target.closest(FIELDS)) return
      const { shortcuts, keys } = latest.current
      const shortcut = shortcuts.find(({ id, key }) => (keys[id] ?? key) === event.key)
      if (!shortcut) return
      event.preventDefault()
      shortcut.run()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [isPaused, enabled])

  return useMemo(() => {
    const keyOf = ({ id, key }: Shortcut) => keys[id] ?? key
    return {
      enabled,
      keys,
      keyOf,
      setEnabled: (enabled) => set({ enabled, keys }),
      setKey: (shortcut, key) => {
        const other = latest.current.shortcuts.find((each) => each.id !== shortcut.id && keyOf(each) === key)
        set({
          enabled,
          keys: { ...keys, [shortcut.id]: key, ...(other ? { [other.id]: keyOf(shortcut) } : {}) },
        })
      },
      reset: () => set(DEFAULT_SETTINGS),
    }
  }, [enabled, keys, set])
}
