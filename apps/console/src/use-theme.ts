import { useCallback, useLayoutEffect, useState } from 'react'

/** Light or dark. Defaults to the system's choice. */
export type Theme = 'light' | 'dark'

const STORAGE_KEY = 'callgather.theme'

function readTheme(): Theme {
  const kept = localStorage.getItem(STORAGE_KEY)
  if (kept === 'light' || kept === 'dark') return kept
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** Returns the theme and a function that toggles it. The choice is stored in the browser. */
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
