/** @jsxImportSource preact */
/** The screen of a ringing, answered or ended call. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Attempt } from '../attempt.ts'
import { endedBecause, lasted, telephone } from '../format.ts'
import { Handset, HangUp } from '../icons.tsx'
import { type CallView, simulator } from '../simulator.ts'
import { Keys, rowsOf, wordsOf } from './conversation.tsx'
import { Keypad } from './keypad.tsx'
import { TextBox } from './text-box.tsx'

interface Props {
  call: CallView
  now: number
  attempt: Attempt
  onPress(digit: string): void
  onAgain(): void
  onDone(): void
}

export function CallScreen(props: Props) {
  const { call } = props
  if (call.state === 'ringing') return <Ringing {...props} />
  return call.state === 'ended' ? <Ended {...props} /> : <OnTheLine {...props} />
}

/** Returns the phone number of the other party. */
function otherEnd(call: CallView): string {
  return telephone(call.direction === 'incoming' ? call.to : call.from)
}

function Ringing({ call, attempt }: Props) {
  const hangUp = () => attempt(simulator.hangUp(call.id))
  return call.direction === 'outgoing' ? (
    <Away call={call} avatar={<Handset size={34} />} status="Incoming call" pulsing>
      <Round label="Decline" shown class="bad" onClick={() => attempt(simulator.decline(call.id))}>
        <HangUp />
      </Round>
      <Round label="Answer" shown focused class="good" onClick={() => attempt(simulator.answer(call.id))}>
        <Handset />
      </Round>
    </Away>
  ) : (
    <Away call={call} avatar={<Handset size={34} />} status="Calling…" pulsing>
      <Round label="Hang up" focused class="bad" onClick={hangUp}>
        <HangUp />
      </Round>
    </Away>
  )
}

function Ended({ call, now, onAgain, onDone }: Props) {
  const length = call.answered_at === null ? '' : ` · ${lasted(call, now)}`
  return (
    <Away call={call} avatar={<HangUp size={34} />} status={`${endedBecause(call.hangup_cause)}${length}`}>
      <Round label="Close" shown class="plain" onClick={onDone}>
        ✕
      </Round>
      {call.direction === 'incoming' && (
        <Round label="Call again" shown class="good" onClick={onAgain}>
          <Handset />
        </Round>
      )}
    </Away>
  )
}

/** The screen of a call that is ringing or has ended. */
function Away({
  call,
  avatar,
  status,
  pulsing = false,
  children,
}: {
  call: CallView
  avatar: ComponentChildren
  status: string
  pulsing?: boolean
  children: ComponentChildren
}) {
  return (
    <div class="ringing">
      <div class="who">
        <div class={pulsing ? 'avatar pulsing' : 'avatar'} aria-hidden="true">
          {avatar}
        </div>
        <h2>{otherEnd(call)}</h2>
        <p role="status">{status}</p>
      </div>
      <div class="actions">{children}</div>
    </div>
  )
}

/** A round button. `shown` displays the label below the button. */
function Round({
  label,
  shown = false,
  focused = false,
  class: tone,
  onClick,
  children,
}: {
  label: string
  shown?: boolean
  focused?: boolean
  class: string
  onClick(): void
  children: ComponentChildren
}) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (focused) button.current?.focus()
  }, [])
  return (
    <div class={shown ? 'labelled' : undefined}>
      <button type="button" class={`round ${tone}`} ref={button} onClick={onClick} aria-label={label}>
        {children}
      </button>
      {shown && <span aria-hidden="true">{label}</span>}
    </div>
  )
}

function OnTheLine({ call, now, attempt, onPress }: Props) {
  return (
    <div class="on-line">
      <div class="head">
        <h2>{otherEnd(call)}</h2>
        <p>
          <span class="dot" aria-hidden="true" />
          <span>{lasted(call, now)}</span>
          {call.bridged_with !== null && <span class="pill violet">connected to another line</span>}
        </p>
      </div>
      <Caption call={call} />
      <Keypad onPress={onPress} compact />
      <TextBox
        id="say"
        label="Say something"
        placeholder="Say something…"
        action="Say it"
        onSend={(text, done) => attempt(simulator.say(call.id, text), done)}
      />
      <div class="actions">
        <Round label="Hang up" class="bad" onClick={() => attempt(simulator.hangUp(call.id))}>
          <HangUp />
        </Round>
      </div>
    </div>
  )
}

/** Shows the current or last prompt, and the caller's reply to it. */
function Caption({ call }: { call: CallView }) {
  const rows = rowsOf(call.transcript)
  const heard = rows.findLastIndex(({ by }) => by === 'platform')
  const theirs = rows[heard]
  const mine = rows.slice(heard + 1).findLast(({ by }) => by === 'caller')
  return (
    <div class="caption" data-speaking={call.speaking === null ? undefined : ''}>
      <Wave on={call.speaking !== null} />
      <p aria-live="polite" dir="auto">
        {theirs === undefined ? 'Connected. Nothing has been said yet.' : wordsOf(theirs)}
      </p>
      {mine !== undefined && (
        <div class="mine">
          <small>You</small>
          {mine.kind === 'key' ? <Keys text={mine.text} /> : <span>{mine.text}</span>}
        </div>
      )}
    </div>
  )
}

/** An animation that runs while the platform speaks. */
function Wave({ on }: { on: boolean }) {
  return (
    <span class={`wave${on ? ' on' : ''}`} aria-hidden="true">
      <i />
      <i />
      <i />
      <i />
      <i />
    </span>
  )
}
