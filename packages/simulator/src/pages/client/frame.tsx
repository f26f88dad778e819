/** @jsxImportSource preact */
/** Components of the phone and events pages: the top bar and icon buttons. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Logo, Moon, Sun } from './icons.tsx'

export function IconButton({
  label,
  children,
  ...rest
}: {
  label: string
  children: ComponentChildren
  class?: string
  'aria-pressed'?: boolean
  disabled?: boolean
  onClick(): void
}) {
  return (
    <button type="button" class="icon" aria-label={label} title={label} {...rest}>
      {children}
    </button>
  )
}

/** The top bar. `children` precede the link to the other page, and `switches` follow it. */
export function TopBar({
  name,
  other,
  children,
  switches,
}: {
  name: string
  other: string
  children: ComponentChildren
  switches?: ComponentChildren
}) {
  return (
    <header class="top">
      <h1>
        <Logo /> CallGather <span class="sub">{name}</span>
      </h1>
      <span class="pill amber">Simulated</span>
      {children}
      <nav aria-label="Pages">
        <a href={`/${other.toLowerCase()}`}>{other}</a>
      </nav>
      <div class="switches">
        {switches}
        <ThemeButton />
      </div>
    </header>
  )
}

/** Toggles light and dark mode. The default is the system setting. */
function ThemeButton() {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const [chosen, setChosen] = useState(() => localStorage.getItem('theme'))
  const [isSystemDark, setSystemDark] = useState(system.matches)
  const isDark = chosen === null ? isSystemDark : chosen === 'dark'
  useEffect(() => {
    const follow = () => setSystemDark(system.matches)
    system.addEventListener('change', follow)
    return () => system.removeEventListener('change', follow)
  }, [])
  useEffect(() => {
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  }, [isDark])
  const toggle = () => {
    const next = isDark ? 'light' : 'dark'
    localStorage.setItem('theme', next)
    setChosen(next)
  }
  return (
    <IconButton label={isDark ? 'Use light colours' : 'Use dark colours'} onClick={toggle}>
      {isDark ? <Sun /> : <Moon />}
    </IconButton>
  )
}
