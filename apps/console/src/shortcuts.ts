/**
 * Shortcuts of a single key. A key without a modifier is pressed by mistake, and by speech input, so each can be set to
 * another key, and all of them turned off (WCAG 2.1.4, Character Key Shortcuts). What is set is kept for the next time.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

/** What a shortcut does, and the key it has at first. */
export interface Shortcut {
  /** Names it where its key is kept. */
  readonly id: string
  /** `KeyboardEvent.key`. */
  readonly key: string
  /** What the help says it does. */
  readonly label: string
  readonly run: () => void
}

/** What an agent has set. */
interface Settings {
  readonly enabled: boolean
  /** Keys other than the first ones, by the shortcut's id. */
  readonly keys: Readonly<Record<string, string>>
}

/** The shortcuts as they are set, and the means to set them. */
export interface ShortcutSettings extends Settings {
  /** The key of a shortcut. */
  readonly keyOf: (shortcut: Shortcut) => string
  readonly setEnabled: (enabled: boolean) => void
  /** Gives a shortcut another key. A key that another has is exchanged with it, so that none is lost. */
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

/** Keys of someone who writes; any other key is pressed on purpose. */
const isTyping = ({ key }: KeyboardEvent) =>
  key.length === 1 || ['Enter', 'Backspace', 'Delete', 'Dead', 'Process', 'Unidentified'].includes(key)

/**
 * Swallows the rest of what was being typed when the field is gone: it fires no shortcut and presses no button. Ends
 * with anything done on purpose: a pointer, Tab, Escape, an arrow, a modifier, or a form that was sent.
 *
 * @returns how to stop.
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
 * Listens for shortcuts, but never inside a field, and never with a modifier: those are the browser's. `paused` while
 * a dialog is open, which needs its keys for itself.
 */
export function useShortcuts(shortcuts: readonly Shortcut[], paused: boolean): ShortcutSettings {
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
    if (paused || !enabled) return
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
  }, [paused, enabled])

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
