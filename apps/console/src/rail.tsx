import { ShortcutHint, useShortcut, useShortcuts } from '@callgather/react'
import { type ReactNode, useState } from 'react'
import type { Demo, Role } from './session.ts'
import type { Theme } from './use-theme.ts'

interface RailProps {
  role: Role
  demo: Demo | null
  theme: Theme
  onToggleTheme: () => void
  onToggleEvents: () => void
  hasAlerts: boolean
  /** Switches the tone and the notification of ringing calls. */
  onToggleAlerts: () => void
  /** Closes the open call and shows the wall; `null` where there is no wall to show. */
  onShowWall: (() => void) | null
  /** How many calls ring. */
  ringing: number
  /** Whether a call is open. On a narrow screen, the list then collapses to one button. */
  hasCall: boolean
  children: ReactNode
}

/** The sidebar: brand, calls and controls that belong to no call. */
export function Rail({ role, demo, theme, ringing, hasCall, hasAlerts, children, ...on }: RailProps) {
  const { onToggleTheme, onToggleEvents, onToggleAlerts, onShowWall } = on
  const [isOpen, setOpen] = useState(false)
  const { run } = useShortcuts()
  const dark = useShortcut({ id: 'theme', key: 't', label: 'Light or dark', run: onToggleTheme })
  const events = useShortcut({ id: 'events', key: 'e', label: 'Events, for engineers', run: onToggleEvents })
  return (
    <aside className="console-rail" aria-label="Calls" data-collapsed={hasCall && !isOpen ? '' : undefined}>
      <header className="console-brand">
        <span className="console-mark" aria-hidden="true" />
        CallGather
        {demo?.simulated && <span className="console-simulated">Simulated</span>}
      </header>
      <button
        type="button"
        className="console-rail-toggle"
        aria-expanded={isOpen}
        onClick={() => setOpen((shown) => !shown)}
      >
        {ringing > 0 ? `Calls · ${ringing} ringing` : 'Calls'}
      </button>
      <div className="console-calls">{children}</div>
      <footer className="console-rail-foot">
        {demo?.phone && (
          <a className="console-button" href={demo.phone} target="_blank" rel="noreferrer">
            Open a caller’s phone
          </a>
        )}
        {onShowWall && (
          <button type="button" className="console-button" onClick={onShowWall}>
            All calls
          </button>
        )}
        <div className="console-tools">
          <a className="console-quiet" href={role === 'agent' ? '?role=supervisor' : '?'}>
            {role === 'agent' ? 'Supervisor view' : 'Agent view'}
          </a>
          <button
            type="button"
            className="console-quiet"
            aria-pressed={theme === 'dark'}
            aria-keyshortcuts={dark?.aria}
            onClick={onToggleTheme}
          >
            Dark <ShortcutHint shortcut={dark} />
          </button>
          {role === 'agent' && (
            <button type="button" className="console-quiet" aria-pressed={hasAlerts} onClick={onToggleAlerts}>
              Ring
            </button>
          )}
          <button type="button" className="console-quiet" aria-keyshortcuts={events?.aria} onClick={onToggleEvents}>
            Events <ShortcutHint shortcut={events} />
          </button>
          <button
            type="button"
            className="console-quiet"
            onClick={() => run('help')}
            aria-label="Keyboard shortcuts"
            aria-keyshortcuts="?"
          >
            ?
          </button>
        </div>
      </footer>
    </aside>
  )
}
