import { CallList, ConnectionStatus, GatherPanel, useCalls, useKeptFocus } from '@callgather/react'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { CallBar } from './call-bar.tsx'
import { EventDrawer } from './event-drawer.tsx'
import { Rail } from './rail.tsx'
import { controlCall, fetchDemo, type Role } from './session.ts'
import { ShortcutHelp } from './shortcut-help.tsx'
import { type Shortcut, useShortcuts } from './shortcuts.ts'
import { useTheme } from './use-theme.ts'

/** Messages that agents often whisper to the assistant. */
const suggestions = ['Offer Thursday first.', 'Ask for their member number.', 'Tell them I will take over in a minute.']

/** The console: the list of calls and the panel of the current call. */
export function App({ role }: { role: Role }) {
  const { calls } = useCalls()
  const { data: demo } = useQuery({ queryKey: ['demo'], queryFn: fetchDemo, staleTime: Number.POSITIVE_INFINITY })
  const [callId, setCallId] = useState<string | null>(null)
  const [theme, toggleTheme] = useTheme()
  const [drawer, setDrawer] = useState(false)
  const [help, setHelp] = useState(false)

  const call = calls.find((each) => each.callId === callId)
  const step = useCallback(
    (by: number) => {
      const index = calls.findIndex((each) => each.callId === callId)
      const next = calls[index < 0 ? 0 : Math.min(Math.max(index + by, 0), calls.length - 1)]
      if (next) setCallId(next.callId)
    },
    [calls, callId],
  )
  const main = useRef<HTMLElement>(null)
  const kept = useKeptFocus()
  const front = useRef(callId)
  useEffect(() => {
    front.current = callId
  })
  const focusCall = (id: string) => {
    if (front.current === id) main.current?.querySelector<HTMLElement>('article')?.focus()
  }
  const act = (action: 'answer' | 'hangup') => {
    if (callId && role === 'agent')
      controlCall(callId, action).then(
        () => focusCall(callId),
        () => undefined,
      )
  }
  const beforeDrawer = useRef<Element | null>(null)
  useEffect(() => {
    if (drawer) beforeDrawer.current = document.activeElement
    else if (document.activeElement === document.body) {
      const { current } = beforeDrawer
      if (current instanceof HTMLElement && current !== document.body && current.isConnected) current.focus()
      else if (current) main.current?.focus()
    }
  }, [drawer])
  const shortcuts: Shortcut[] = [
    { id: 'help', key: '?', label: 'Show and change the shortcuts', run: () => setHelp(true) },
    { id: 'next', key: 'j', label: 'Next call', run: () => step(1) },
    { id: 'previous', key: 'k', label: 'Previous call', run: () => step(-1) },
    { id: 'answer', key: 'a', label: 'Answer the ringing call', run: () => call?.phase === 'ringing' && act('answer') },
    { id: 'theme', key: 't', label: 'Light or dark', run: toggleTheme },
    { id: 'events', key: 'e', label: 'Events, for engineers', run: () => setDrawer((shown) => !shown) },
  ]
  const settings = useShortcuts(shortcuts, help)

  return (
    <div className="console">
      <Rail
        role={role}
        demo={demo ?? null}
        theme={theme}
        onToggleTheme={toggleTheme}
        onShowHelp={() => setHelp(true)}
        onToggleEvents={() => setDrawer((shown) => !shown)}
        ringing={calls.filter(({ phase }) => phase === 'ringing').length}
        hasCall={callId !== null}
      >
        <CallList selected={callId} onSelect={setCallId} />
        {callId === null && (
          <div className="console-connection">
            <ConnectionStatus />
          </div>
        )}
      </Rail>
      <main className="console-main" ref={main} {...kept}>
        {callId ? (
          <GatherPanel
            callId={callId}
            assistantId="assistant-clinic"
            suggestions={suggestions}
            callActions={<CallBar call={call ?? null} callId={callId} role={role} onDone={focusCall} />}
          />
        ) : (
          <Waiting phone={demo?.phone ?? null} any={calls.length > 0} />
        )}
      </main>
      {drawer && <EventDrawer callId={callId} onClose={() => setDrawer(false)} />}
      {help && <ShortcutHelp shortcuts={shortcuts} settings={settings} onClose={() => setHelp(false)} />}
    </div>
  )
}

function Waiting({ phone, any }: { phone: string | null; any: boolean }) {
  return (
    <section className="console-waiting" aria-label="No call is open">
      <h1>{any ? 'Choose a call' : 'Waiting for a call'}</h1>
      <p>
        {any
          ? 'Its requests, transcript and controls open here.'
          : 'When someone calls, they appear on the left and you can answer.'}
      </p>
      {phone && (
        <a className="console-button" data-primary="" href={phone} target="_blank" rel="noreferrer">
          Open a caller’s phone
        </a>
      )}
    </section>
  )
}
