import { useEffect, useReducer } from 'react'

/** A module that is loaded once it is needed. After a failure it can be loaded again. */
export class OnDemand<Module> {
  readonly #import: () => Promise<Module>
  #loading: Promise<Module> | null = null
  #module: Module | null = null

  /** `load` is a function with a literal `import()`, so that bundlers make a chunk of the module. */
  constructor(load: () => Promise<Module>) {
    this.#import = load
  }

  /** The module; `null` until it is loaded. */
  get module(): Module | null {
    return this.#module
  }

  /** Loads the module. Rejects if it cannot be loaded, for example offline. */
  async load(): Promise<Module> {
    this.#loading ??= this.#import()
    try {
      this.#module = await this.#loading
      return this.#module
    } catch (error) {
      this.#loading = null
      throw error
    }
  }
}

interface Loading {
  readonly attempt: number
  readonly hasFailed: boolean
}

/** The state of a module that a component needs. */
export interface UseOnDemandResult<Module> {
  /** The module; `null` until it is loaded. */
  readonly module: Module | null
  readonly hasFailed: boolean
  readonly retry: () => void
}

/** Loads a module while `isNeeded`, and renders again when that is done. */
export function useOnDemand<Module>(source: OnDemand<Module>, isNeeded: boolean): UseOnDemandResult<Module> {
  const [{ attempt, hasFailed }, settle] = useReducer(
    (state: Loading, event: 'loaded' | 'failed' | 'retry'): Loading => ({
      attempt: event === 'retry' ? state.attempt + 1 : state.attempt,
      hasFailed: event === 'failed',
    }),
    { attempt: 0, hasFailed: false },
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt loads again
  useEffect(() => {
    if (!isNeeded || source.module) return
    let isCurrent = true
    source.load().then(
      () => isCurrent && settle('loaded'),
      () => isCurrent && settle('failed'),
    )
    return () => {
      isCurrent = false
    }
  }, [source, isNeeded, attempt])
  return { module: source.module, hasFailed, retry: () => settle('retry') }
}
