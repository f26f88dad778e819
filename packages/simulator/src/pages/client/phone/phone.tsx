/** @jsxImportSource preact */
/** The caller's phone: the handset, the lines, what is said, what the platform hears, and what may go wrong on purpose. */
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { telephone } from '../format.ts'
import { BellOff, Logo, Moon, Speaker, SpeakerOff, Sun } from '../icons.tsx'
import { type CallView, follow, simulator } from '../simulator.ts'
import { useTheme } from '../theme.ts'
import { Tones } from '../tones.ts'
import { Voice } from '../voice.ts'
import { CallScreen } from './call-screen.tsx'
import { ClockBar } from './clock-bar.tsx'
import { Conversation } from './conversation.tsx'
import { Dialler } from './dialler.tsx'
import { FaultsPanel } from './faults-panel.tsx'
import { Hearing } from './hearing.tsx'
import { Lines } from './lines.tsx'
import { linesOf, newPhone, phone, ringOf } from './phone-state.ts'

export function Phone() {
  const [state, dispatch] = useReducer(phone, newPhone)
  const [trouble, setTrouble] = useState('')
  const [quiet, setQuiet] = useState(() => remembered('quiet'))
  const [mute, setMute] = useState(() => remembered('mute'))
  const [theme, toggleTheme] = useTheme()
  const tones = useMemo(() => new Tones(), [])
  const voice = useMemo(() => new Voice(), [])
  const now = useNow(state.clockOffset)
  const selected = state.calls.find(({ id }) => id === state.selected)
  const spokenId = useRef<string | null>(null)
  spokenId.current = state.selected

  useEffect(
    () =>
      follow('phone', {
        hello: (hello) => dispatch({ type: 'hello', hello, here: Date.now() }),
        activity: (activity) => {
          dispatch({ type: 'activity', activity, here: Date.now() })
          if (!('call_id' in activity) || activity.call_id !== spokenId.current) return
          if (activity.type === 'prompt.started' && activity.kind === 'speech') voice.speak(activity.text)
          if (activity.type === 'prompt.ended' && activity.status !== 'completed') voice.stop()
          if (activity.type === 'dtmf.sent') for (const digit of activity.digits) tones.key(digit)
        },
        lost: () => dispatch({ type: 'lost' }),
      }),
    [],
  )

  useEffect(() => {
    tones.muted = quiet
    remember('quiet', quiet)
  }, [quiet])
  useEffect(() => {
    voice.muted = mute
    if (mute) voice.stop()
    remember('mute', mute)
  }, [mute])
  const ring = ringOf(state)
  useEffect(() => tones.repeat(ring), [ring, quiet])
  useEffect(() => {
    if (state.justEnded === null) return
    voice.stop()
    tones.hungUp()
  }, [state.justEnded])
  useEffect(() => {
    const unlock = () => tones.unlock()
    addEventListener('pointerdown', unlock)
    addEventListener('keydown', unlock)
    return () => {
      removeEventListener('pointerdown', unlock)
      removeEventListener('keydown', unlock)
    }
  }, [])

  /** Does it, and says so when the simulator refuses. */
  const attempt = async <Result,>(what: Promise<Result>): Promise<Result | undefined> => {
    try {
      const result = await what
      setTrouble('')
      return result
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const press = (call: CallView, digit: string) => {
    tones.key(digit)
    attempt(simulator.press(call.id, digit)).catch(() => {})
  }
  const dial = async (from: string, to: string) => {
    tones.unlock()
    const call = await attempt(simulator.dial(from, to))
    if (call !== undefined) dispatch({ type: 'dialled', call })
  }
  const waiting = state.calls.filter(
    (call) => call.state === 'ringing' && call.direction === 'outgoing' && call.id !== state.selected,
  )

  return (
    <div class="page">
      <header class="top">
        <h1>
          <Logo /> CallGather <span class="sub">phone</span>
        </h1>
        <span class="pill amber">Simulated</span>
        <ClockBar attempt={attempt} />
        <nav aria-label="Pages">
          <a href="/events">Events</a>
        </nav>
        <div class="switches">
          <button
            type="button"
            class="icon"
            aria-pressed={mute}
            onClick={() => setMute(!mute)}
            aria-label="Mute spoken prompts"
            title="Mute spoken prompts"
          >
            {mute ? <SpeakerOff /> : <Speaker />}
          </button>
          <button
            type="button"
            class="icon"
            aria-pressed={quiet}
            onClick={() => setQuiet(!quiet)}
            aria-label="Silence tones and ringing"
            title="Silence tones and ringing"
          >
            <BellOff on={quiet} />
          </button>
          <button
            type="button"
            class="icon"
            onClick={toggleTheme}
            aria-label={theme === 'dark' ? 'Use light colours' : 'Use dark colours'}
            title={theme === 'dark' ? 'Use light colours' : 'Use dark colours'}
          >
            {theme === 'dark' ? <Sun /> : <Moon />}
          </button>
        </div>
      </header>

      <main>
        <section class="handset" aria-label="Telephone">
          <div class="screen">
            <StatusBar connection={state.connection} now={now} />
            {waiting.map((call) => (
              <div
                key={call.id}
                class="knock"
                role="alertdialog"
                aria-label={`Incoming call from ${telephone(call.from)}`}
              >
                <span>
                  <b>{telephone(call.from)}</b> is calling
                </span>
                <button
                  type="button"
                  class="small good"
                  onClick={() =>
                    void attempt(simulator.answer(call.id)).then(
                      () => dispatch({ type: 'select', id: call.id }),
                      () => {},
                    )
                  }
                >
                  Answer
                </button>
                <button type="button" class="small bad" onClick={() => void attempt(simulator.decline(call.id))}>
                  Decline
                </button>
              </div>
            ))}
            {selected === undefined ? (
              <Dialler
                onDial={(from, to) => void dial(from, to)}
                onKey={(key) => tones.key(key)}
                disabled={state.connection !== 'live'}
              />
            ) : (
              <CallScreen
                key={selected.id}
                call={selected}
                now={now}
                onPress={(digit) => press(selected, digit)}
                onSay={(text) => attempt(simulator.say(selected.id, text))}
                onHangUp={() => void attempt(simulator.hangUp(selected.id))}
                onAnswer={() => void attempt(simulator.answer(selected.id))}
                onDecline={() => void attempt(simulator.decline(selected.id))}
                onAgain={() => void dial(selected.from, selected.to)}
                onDone={() => dispatch({ type: 'dismiss', id: selected.id })}
              />
            )}
            <p class="trouble" role="alert">
              {trouble}
            </p>
          </div>
        </section>

        <div class="beside">
          <Lines
            lines={linesOf(state)}
            selected={state.selected}
            now={now}
            onSelect={(id) => dispatch({ type: 'select', id })}
            onDismiss={(id) => dispatch({ type: 'dismiss', id })}
          />
          <Conversation call={selected} />
          <Hearing call={selected} heard={selected === undefined ? undefined : state.heard[selected.id]} />
          <FaultsPanel attempt={attempt} />
        </div>
      </main>
    </div>
  )
}

function StatusBar({ connection, now }: { connection: 'connecting' | 'live' | 'lost'; now: number }) {
  const words = { connecting: 'Connecting…', live: 'Simulated · in service', lost: 'No service, reconnecting…' }[
    connection
  ]
  return (
    <div class="status-bar">
      <span class="clock">
        {new Date(now).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })}
      </span>
      <span class={`service ${connection}`} role="status">
        {words}
      </span>
    </div>
  )
}

/** The simulator's time, ticking. */
function useNow(offset: number): number {
  const [here, setHere] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setHere(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return here + offset
}

function remembered(name: string): boolean {
  return localStorage.getItem(`phone.${name}`) === 'on'
}

function remember(name: string, on: boolean): void {
  localStorage.setItem(`phone.${name}`, on ? 'on' : 'off')
}
