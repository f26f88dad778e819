// biome-ignore lint/style/noRestrictedImports: the one place that may
import { useEffect, useLayoutEffect } from 'react'

/** `useLayoutEffect` in a browser. On a server, where React 18 warns about it, an effect that never runs. */
export const useEarlyEffect = typeof window === 'undefined' ? useEffect : useLayoutEffect
