import { allowedKey } from './shortcut-key.ts'

/** An action with a key. */
export interface Shortcut {
  /** Identifies the shortcut in the stored settings. */
  readonly id: string
  /**
   * The default key: a character such as `j`, a capital letter such as `H` for Shift and the letter, `Escape`, or
   * `Mod+K` for Ctrl, or Cmd on Apple devices, and a letter. An agent can change it.
   */
  readonly key: string
  /** The action in words, for the help and the palette. */
  readonly label: string
  readonly run: () => void
  /** Whether the action is possible now. The help also lists an impossible action. Default: `true`. */
  readonly enabled?: boolean | undefined
}

/** A registered shortcut with its current key. */
export interface ShortcutItem extends Pick<Shortcut, 'id' | 'label'> {
  /** The current key in the notation of `Shortcut`; `null` if another shortcut has taken it. */
  readonly key: string | null
  /** Whether the action is possible now. */
  readonly isAvailable: boolean
}

/** The registered shortcuts and whether the agent uses them. */
export interface ShortcutList {
  /** The shortcuts, one for each id. */
  readonly shortcuts: readonly ShortcutItem[]
  /** Whether the keys are on. An agent can turn all of them off. */
  readonly enabled: boolean
}

interface Settings {
  readonly enabled: boolean
  /** Changed keys by shortcut id. */
  readonly keys: Readonly<Record<string, string>>
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

/**
 * The shortcuts of the components in one `Shortcuts`, and the agent's settings. The settings are stored in the browser,
 * because mistakes and speech input press single keys (WCAG 2.1.4, Character Key Shortcuts).
 */
export class ShortcutRegistry {
  readonly #entries = new Map<object, Shortcut>()
  readonly #listeners = new Set<() => void>()
  #settings = readSettings()
  #list: ShortcutList | null = null

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Registers a shortcut, or changes the shortcut of the same owner. */
  set(owner: object, shortcut: Shortcut): void {
    this.#entries.set(owner, shortcut)
    this.#changed()
  }

  remove(owner: object): void {
    this.#entries.delete(owner)
    this.#changed()
  }

  /** Returns the same list until something changes. */
  readonly list = (): ShortcutList => {
    if (this.#list) return this.#list
    const items = new Map<string, ShortcutItem>()
    for (const shortcut of this.#entries.values()) {
      const { id, label, enabled = true } = shortcut
      const known = items.get(id)
      items.set(id, known?.isAvailable ? known : { id, label, key: this.#keyOf(shortcut), isAvailable: enabled })
    }
    this.#list = { shortcuts: [...items.values()], enabled: this.#settings.enabled }
    return this.#list
  }

  /** The key that runs a shortcut; `null` if the shortcuts are off or another shortcut has its key. */
  activeKey(shortcut: Pick<Shortcut, 'id' | 'key'>): string | null {
    return this.#settings.enabled ? this.#keyOf(shortcut) : null
  }

  /** Runs the action of a key. Returns whether it has one. */
  press(key: string): boolean {
    return this.#run((shortcut) => this.activeKey(shortcut) === key)
  }

  /** Runs an action, also while the keys are off. Returns whether it is possible now. */
  run(id: string): boolean {
    return this.#run((shortcut) => shortcut.id === id)
  }

  setEnabled(enabled: boolean): void {
    this.#store({ ...this.#settings, enabled })
  }

  /** Gives a shortcut another key, and its old key to the shortcut that had the new one. */
  setKey(id: string, given: string): void {
    const shortcut = this.#find((each) => each.id === id)
    const key = shortcut && allowedKey(shortcut.key, given)
    if (!shortcut || !key) return
    const old = this.#keyOf(shortcut)
    const other = this.#find((each) => each.id !== id && this.#keyOf(each) === key)
    const { [other?.id ?? '']: _, ...keys } = this.#settings.keys
    const swapped = other && old?.length === 1 ? { [other.id]: old } : {}
    this.#store({ ...this.#settings, keys: { ...keys, ...swapped, [id]: key } })
  }

  /** Restores the default keys and turns the keys on. */
  reset(): void {
    this.#store(DEFAULT_SETTINGS)
  }

  #find(isWanted: (shortcut: Shortcut) => boolean): Shortcut | undefined {
    return [...this.#entries.values()].findLast(isWanted)
  }

  #run(isWanted: (shortcut: Shortcut) => boolean): boolean {
    const shortcut = this.#find((each) => each.enabled !== false && isWanted(each))
    shortcut?.run()
    return shortcut !== undefined
  }

  #keyOf({ id, key }: Pick<Shortcut, 'id' | 'key'>): string | null {
    const own = this.#settings.keys[id]
    if (own !== undefined) return allowedKey(key, own)
    // A key that the agent chose wins over a default key.
    const isTaken = [...this.#entries.values()].some((other) => {
      const chosen = this.#settings.keys[other.id]
      return other.id !== id && chosen !== undefined && allowedKey(other.key, chosen) === key
    })
    return isTaken ? null : key
  }

  #store(settings: Settings): void {
    this.#settings = settings
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(settings))
    } catch {
      // Without storage, the settings last until the page is closed.
    }
    this.#changed()
  }

  #changed(): void {
    this.#list = null
    for (const listener of this.#listeners) listener()
  }
}
