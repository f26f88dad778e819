import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { keyText, type ShortcutKey } from './shortcut-key.ts'
import type { Shortcut, ShortcutList, ShortcutRegistry } from './shortcut-registry.ts'

/** The registry of the `Shortcuts` around a component; `null` outside. */
export const ShortcutsContext = createContext<ShortcutRegistry | null>(null)
ShortcutsContext.displayName = 'Shortcuts'

const subscribeToNothing = () => () => {}
const noKey = () => null

/**
 * Gives an action a key in the `Shortcuts` around this component, and lists it in `ShortcutHelp` and `CommandPalette`.
 * Outside a `Shortcuts` it does nothing.
 *
 * Pass `null` for an action that this component does not have. If several mounted components use the same id or key, the possible action that was registered last runs.
 *
 * @returns the current key, to show it beside the action with `ShortcutHint`; `null` if no key runs the action.
 */
export function useShortcut(shortcut: Shortcut | null): ShortcutKey | null {
  const { id = '', key = '', label = '', enabled = true, run } = shortcut ?? {}
  const isGiven = shortcut !== null
  const registry = useContext(ShortcutsContext)
  const [owner] = useState(() => ({}))
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => {
    if (isGiven) registry?.set(owner, { id, key, label, enabled, run: () => latest.current?.() })
  }, [registry, owner, isGiven, id, key, label, enabled])
  useEffect(() => (isGiven ? () => registry?.remove(owner) : undefined), [registry, owner, isGiven])
  const current = useSyncExternalStore(
    registry?.subscribe ?? subscribeToNothing,
    () => (isGiven ? (registry?.activeKey({ id, key }) ?? null) : null),
    noKey,
  )
  return useMemo(() => (current === null ? null : keyText(current)), [current])
}

/** The result of `useShortcuts`. */
export interface UseShortcutsResult extends ShortcutList {
  /** Runs an action, also while the keys are off: `run('help')` opens `ShortcutHelp`. An impossible action is ignored. */
  readonly run: (id: string) => void
  /** Turns all keys on or off. */
  readonly setEnabled: (enabled: boolean) => void
  /**
   * Changes the key of a shortcut, in the notation of `Shortcut`. A shortcut that has the new key gets the old one. A
   * shortcut that needs Shift by default keeps Shift, and ignores keys other than letters.
   */
  readonly setKey: (id: string, key: string) => void
  /** Restores the default keys and turns them on. */
  readonly reset: () => void
}

const none: ShortcutList = { shortcuts: [], enabled: false }
const noList = () => none

/** Returns the shortcuts of the `Shortcuts` around this component, for a help of your own. Outside there are none. */
export function useShortcuts(): UseShortcutsResult {
  const registry = useContext(ShortcutsContext)
  const list = useSyncExternalStore(registry?.subscribe ?? subscribeToNothing, registry?.list ?? noList, noList)
  return useMemo(
    () => ({
      ...list,
      run: (id) => void registry?.run(id),
      setEnabled: (enabled) => registry?.setEnabled(enabled),
      setKey: (id, key) => registry?.setKey(id, key),
      reset: () => registry?.reset(),
    }),
    [list, registry],
  )
}
