import { useEffect, useState } from 'preact/hooks'

/** Light or dark: as the system is, until somebody chooses. */
export function useTheme(): ['light' | 'dark', () => void] {
  const system = () => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  const [chosen, setChosen] = useState(() => localStorage.getItem('theme'))
  const [ofSystem, setOfSystem] = useState<'light' | 'dark'>(system)
  const theme = chosen === 'dark' || chosen === 'light' ? chosen : ofSystem
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const follow = () => setOfSystem(system())
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [])
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  return [
    theme,
    () => {
      const next = theme === 'dark' ? 'light' : 'dark'
      localStorage.setItem('theme', next)
      setChosen(next)
    },
  ]
}
