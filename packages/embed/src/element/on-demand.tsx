import { useLanguage } from '@callgather/react'
import { type ReactNode, useEffect, useState } from 'react'

/** A module that is loaded when it is first shown. */
export class OnDemand<Module> {
  readonly load: () => Promise<void>
  /** The module; `null` until it is loaded. */
  module: Module | null = null

  constructor(load: () => Promise<Module>) {
    this.load = async () => {
      this.module = await load()
    }
  }
}

interface LoadedProps<Module> {
  readonly source: OnDemand<Module>
  readonly children: (module: Module) => ReactNode
}

/** Loads a module and shows its content. If it cannot be loaded, the agent can retry. */
export function Loaded<Module>({ source, children }: LoadedProps<Module>): ReactNode {
  const { t } = useLanguage()
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
  const isNeeded = state === 'loading' && source.module === null
  useEffect(() => {
    if (!isNeeded) return
    let isCurrent = true
    const settle = (next: 'loaded' | 'failed') => isCurrent && setState(next)
    source.load().then(
      () => settle('loaded'),
      () => settle('failed'),
    )
    return () => {
      isCurrent = false
    }
  }, [source, isNeeded])
  if (source.module) return children(source.module)
  if (state !== 'failed') return null
  return (
    <div className="cg cg-embed-failure" role="alert">
      <p>
        <strong>{t('load.failed')}</strong>
        <br />
        {t('load.failedHint')}
      </p>
      <button type="button" className="cg-button" onClick={() => setState('loading')}>
        {t('action.retry')}
      </button>
    </div>
  )
}
