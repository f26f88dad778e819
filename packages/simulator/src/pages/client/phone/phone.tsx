/** @jsxImportSource preact */
/** The phone page: handset, lines, conversation, collected input and faults. */
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { useAttempt } from '../attempt.ts'
import { telephone } from '../format.ts'
import { IconButton, TopBar } from '../frame.tsx'
import { Bell, BellOff, Speaker, SpeakerOff } from '../icons.tsx'
import { simulator, subscribe } from '../simulator.ts'
import { Tones } from '../tones.ts'
import { Voice } from '../voice.ts'
import { CallScreen } from './call-screen.tsx'
import { ClockBar } from './clock-bar.tsx'
import { Conversation } from './conversation.tsx'
import { Dialler, ownNumber, readNumbers } from './dialler.tsx'
import { FaultsPanel } from './faults-panel.tsx'
import { Hearing } from './hearing.tsx'
import { Inbox } from './inbox.tsx'
import { Lines } from './lines.tsx'
import { initialPhone, linesOf, phoneReducer, ringOf } from './phone-state.ts'

export function Phone() {
  const [state, dispatch] = useReducer(phoneReducer, initialPhone)
  const [trouble, attempt] = useAttempt()
  const [quiet, setQuiet] = useRemembered('quiet')
  const [mute, setMute] = useRemembered('mute')
  const [numbers, setNumbers] = useState(readNumbers)
  const tones = useMemo(() => new Tones(), [])
  const voice = useMemo(() => new Voice(), [])
  const now = useNow(state.clockOffset)
  const selected = state.calls.find(({ id }) => id === state.selected)
  const spokenId = useRef<string | null>(null)
  spokenId.current = state.selected

  useEffect(
    () =>
      subscribe('phone', {
        hello: (hello) => {
          dispatch({ type: 'hello', hello, here: Date.now() })
          attempt(simulator.messages(), (messages) => dispatch({ type: 'messages', messages, since: hello.now }))
        },
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
  }, [quiet])
  useEffect(() => {
    voice.muted = mute
    if (mute) voice.stop()
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
    const gestures = ['pointerdown', 'keydown'] as const
    for (const gesture of gestures) addEventListener(gesture, unlock)
    return () => {
      for (const gesture of gestures) removeEventListener(gesture, unlock)
    }
  }, [])

  const dial = (from: string, to: string) => {
    tones.unlock()
    attempt(simulator.dial(from, to), (call) => dispatch({ type: 'dialled', call }))
  }
  const waiting = state.calls.filter(
    (call) => call.state === 'ringing' && call.direction === 'outgoing' && call.id !== state.selected,
  )

  const own = (selected?.direction === 'outgoing' ? selected.to : selected?.from) ?? ownNumber(numbers)
  const program = (selected?.direction === 'outgoing' ? selected.from : selected?.to) ?? numbers.to.trim()

  return (
    <div class="page">
      <TopBar
        name="phone"
        other="Events"
        switches={
          <>
            <IconButton label="Mute spoken prompts" aria-pressed={mute} onClick={() => setMute(!mute)}>
              {mute ? <SpeakerOff /> : <Speaker />}
            </IconButton>
            <IconButton label="Silence tones and ringing" aria-pressed={quiet} onClick={() => setQuiet(!quiet)}>
              {quiet ? <BellOff /> : <Bell />}
            </IconButton>
          </>
        }
      >
        <ClockBar attempt={attempt} />
      </TopBar>

      <main>
        <section class="handset" aria-label="Telephone">
          <div class="screen">
            <StatusBar connection={state.connection} now={now} />
            {waiting.map(({ id, from }) => (
              <div key={id} class="knock" role="alertdialog" aria-label={`Incoming call from ${telephone(from)}`}>
                <span>
                  <b>{telephone(from)}</b> is calling
                </span>
                <button
                  type="button"
                  class="small good"
                  onClick={() => attempt(simulator.answer(id), () => dispatch({ type: 'select', id }))}
                >
                  Answer
                </button>
                <button type="button" class="small bad" onClick={() => attempt(simulator.decline(id))}>
                  Decline
                </button>
              </div>
            ))}
            {selected === undefined ? (
              <Dialler
                numbers={numbers}
                onNumbers={setNumbers}
                onDial={dial}
                onKey={(key) => tones.key(key)}
                disabled={state.connection !== 'live'}
              />
            ) : (
              <CallScreen
                key={selected.id}
                call={selected}
                now={now}
                attempt={attempt}
                onPress={(digit) => {
                  tones.key(digit)
                  attempt(simulator.press(selected.id, digit))
                }}
                onAgain={() => dial(selected.from, selected.to)}
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
          <Inbox messages={state.messages} own={own} program={program} attempt={attempt} />
          <FaultsPanel attempt={attempt} />
        </div>
      </main>
    </div>
  )
}

const services = { connecting: 'Connecting…', live: 'Simulated · in service', lost: 'No service, reconnecting…' }

function StatusBar({ connection, now }: { connection: keyof typeof services; now: number }) {
  return (
    <div class="status-bar">
      <span class="clock">
        {new Date(now).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })}
      </span>
      <span class={`service ${connection}`} role="status">
        {services[connection]}
      </span>
    </div>
  )
}

/** Returns the current time of the simulator's clock. */
function useNow(offset: number): number {
  const [here, setHere] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setHere(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return here + offset
}

/** A hook for a boolean setting in local storage. */
function useRemembered(name: string): [boolean, (on: boolean) => void] {
  const key = `phone.${name}`
  const [on, setOn] = useState(() => localStorage.getItem(key) === 'on')
  const set = (next: boolean) => {
    localStorage.setItem(key, next ? 'on' : 'off')
    setOn(next)
  }
  return [on, set]
}
