// biome-ignore lint/style/noRestrictedImports: only this file may import useLayoutEffect
import { useEffect, useLayoutEffect } from 'react'

/** `useLayoutEffect` in a browser; `useEffect` on a server, where React 18 warns about `useLayoutEffect`. */
export const useEarlyEffect = typeof window === 'undefined' ? useEffect : useLayoutEffect
