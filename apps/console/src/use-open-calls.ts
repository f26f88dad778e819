import { useCallback, useMemo, useState } from 'react'

/** The calls with an open tab, and the current call. */
export interface OpenCalls {
  readonly ids: readonly string[]
  readonly current: string | null
  /** Opens a call, or selects its tab. */
  readonly show: (callId: string) => void
  /** Closes a tab and selects the next one. */
  readonly close: (callId: string) => void
}

/** Manages the open tabs. */
export function useOpenCalls(): OpenCalls {
  const [{ ids, current }, set] = useState<{ ids: readonly string[]; current: string | null }>({
    ids: [],
    current: null,
  })
  const show = useCallback((callId: string) => {
    set(({ ids }) => ({ ids: ids.includes(callId) ? ids : [...ids, callId], current: callId }))
  }, [])
  const close = useCallback((callId: string) => {
    set(({ ids, current }) => {
      const index = ids.indexOf(callId)
      const left = ids.filter((id) => id !== callId)
      return { ids: left, current: current === callId ? (left[Math.min(index, left.length - 1)] ?? null) : current }
    })
  }, [])
  return useMemo(() => ({ ids, current, show, close }), [ids, current, show, close])
}
