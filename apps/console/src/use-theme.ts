import { useCallback, useLayoutEffect, useState } from 'react'

/** Light or dark; the system's choice until the agent makes one. */
export type Theme = 'light' | 'dark'

const STORAGE_KEY = 'callgather.theme'

function readTheme(): Theme {
  const kept = localStorage.getItem(STORAGE_KEY)
  if (kept === 'light' || kept === 'dark') return kept
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** The theme, and the means to change it; kept for the next time. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(readTheme)
  useLayoutEffect(() => {
    document.documentElement.dataset.cgTheme = theme
  }, [theme])
  const toggle = useCallback(() => {
    setTheme((was) => {
      const theme = was === 'dark' ? 'light' : 'dark'
      localStorage.setItem(STORAGE_KEY, theme)
      return theme
    })
  }, [])
  return [theme, toggle]
}
