import type { CallSummary } from '@callgather/protocol'
import {
  CallList,
  CommandPalette,
  ConnectionStatus,
  defaultPresets,
  GatherPanel,
  type Preset,
  ShortcutHelp,
  Shortcuts,
  useCalls,
  useKeptFocus,
  useRingingAlert,
  WrapUp,
} from '@callgather/react'
import type { ExportedCall } from '@callgather/react/testing'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { CallBar } from './call-bar.tsx'
import { EventDrawer } from './event-drawer.tsx'
import { Rail } from './rail.tsx'
import { controlCall, fetchDemo, type Role } from './session.ts'
import { useTheme } from './use-theme.ts'

/** Messages that agents often whisper to the assistant. */
const suggestions = ['Offer Thursday first.', 'Ask for their member number.', 'Tell them I will take over in a minute.']

/** The values that agents often ask for. */
const presets: readonly Preset[] = [
  ...defaultPresets,
  {
    name: 'appointment',
    label: 'Appointment',
    icon: 'fields',
    values: {},
    prompt: 'I can book that for you.',
    fields: [
      { name: 'Full name', type: 'string', options: '', required: true },
      { name: 'Party size', type: 'integer', options: '', required: true },
    ],
  },
]

/** The results of a call that an agent can choose in the wrap-up. */
const dispositions = [
  { id: 'solved', label: 'Solved' },
  { id: 'follow-up', label: 'Needs a follow-up' },
  { id: 'wrong-number', label: 'Wrong number' },
]

const CallWall = lazy(() => import('./wall.tsx'))
const ReplayView = lazy(() => import('./replay-view.tsx'))

/** The console: the list of calls and the panel of the current call. */
export function App({ role }: { role: Role }) {
  const { calls } = useCalls()
  const { data: demo } = useQuery({ queryKey: ['demo'], queryFn: fetchDemo, staleTime: Number.POSITIVE_INFINITY })
  const [callId, openCall] = useState<string | null>(null)
  const [replay, setReplay] = useState<ExportedCall | null>(null)
  const setCallId = (id: string | null) => {
    setReplay(null)
    openCall(id)
  }
  const [theme, toggleTheme] = useTheme()
  const [drawer, setDrawer] = useState(false)
  const [hasAlerts, setAlerts] = useState(false)
  const { ringing, allowNotifications } = useRingingAlert({ sound: hasAlerts, notification: hasAlerts })

  const call = calls.find((each) => each.callId === callId)
  const main = useRef<HTMLElement>(null)
  const kept = useKeptFocus()
  const front = useRef(callId)
  useEffect(() => {
    front.current = callId
  })
  /** Moves the focus to the open call, unless the agent writes already, because the response may come late. */
  const focusCall = () => {
    if (document.activeElement?.matches('input, textarea, select')) return
    main.current?.querySelector<HTMLElement>('article')?.focus()
  }
  const answer = async ({ callId: id }: CallSummary) => {
    await controlCall(id, 'answer')
    flushSync(() => setCallId(id))
    focusCall()
  }
  const beforeDrawer = useRef<Element | null>(null)
  useEffect(() => {
    if (drawer) beforeDrawer.current = document.activeElement
    else if (document.activeElement?.matches('body, .console')) {
      const { current } = beforeDrawer
      if (current instanceof HTMLElement && current !== document.body && current.isConnected) current.focus()
      else if (current) main.current?.focus()
    }
  }, [drawer])

  return (
    <Shortcuts className="console" wholePage>
      <Rail
        role={role}
        demo={demo ?? null}
        theme={theme}
        onToggleTheme={toggleTheme}
        onToggleEvents={() => setDrawer((shown) => !shown)}
        hasAlerts={hasAlerts}
        onToggleAlerts={() => {
          setAlerts(!hasAlerts)
          if (!hasAlerts) allowNotifications().catch(() => {})
        }}
        onShowWall={role === 'supervisor' && callId !== null ? () => setCallId(null) : null}
        ringing={ringing.length}
        hasCall={callId !== null}
      >
        <CallList selected={callId} onSelect={setCallId} {...(role === 'agent' ? { onAnswer: answer } : {})} />
        {callId === null && (
          <div className="console-connection">
            <ConnectionStatus />
          </div>
        )}
      </Rail>
      <main className="console-main" ref={main} {...kept}>
        {replay ? (
          <Suspense fallback={null}>
            <ReplayView call={replay} onClose={() => setReplay(null)} />
          </Suspense>
        ) : callId ? (
          <GatherPanel
            callId={callId}
            assistantId="assistant-clinic"
            suggestions={suggestions}
            presets={presets}
            callActions={
              <CallBar
                call={call ?? null}
                callId={callId}
                role={role}
                onDone={(id) => front.current === id && focusCall()}
              />
            }
          >
            {role === 'agent' && call?.phase === 'ended' && <WrapUp dispositions={dispositions} />}
          </GatherPanel>
        ) : role === 'supervisor' ? (
          <Suspense fallback={null}>
            <CallWall onOpen={setCallId} />
          </Suspense>
        ) : (
          <Waiting phone={demo?.phone ?? null} any={calls.length > 0} isRinging={ringing.length > 0} />
        )}
      </main>
      {drawer && <EventDrawer callId={callId} role={role} onReplay={setReplay} onClose={() => setDrawer(false)} />}
      <ShortcutHelp />
      <CommandPalette />
    </Shortcuts>
  )
}

function Waiting({ phone, any, isRinging }: { phone: string | null; any: boolean; isRinging: boolean }) {
  const [title, hint] = isRinging
    ? ['A call is ringing', 'Press Answer in the list.']
    : any
      ? ['Choose a call', 'What the caller enters and says opens here.']
      : ['Waiting for a call', 'When someone calls, they appear on the left and you can answer.']
  return (
    <section className="console-waiting" aria-label="No call is open">
      <h1>{title}</h1>
      <p>{hint}</p>
      {phone && !isRinging && (
        <a className="console-button" data-primary="" href={phone} target="_blank" rel="noreferrer">
          Open a caller’s phone
        </a>
      )}
    </section>
  )
}
