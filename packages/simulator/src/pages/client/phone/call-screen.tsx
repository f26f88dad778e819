/** @jsxImportSource preact */
/** The phone while a call rings, is on, or has just ended. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { endedBecause, lasted, telephone } from '../format.ts'
import { Handset, HangUp, Send } from '../icons.tsx'
import type { CallView } from '../simulator.ts'
import { Keys, rowsOf } from './conversation.tsx'
import { Keypad } from './keypad.tsx'

interface Props {
  call: CallView
  now: number
  onPress(digit: string): void
  onSay(text: string): Promise<unknown>
  onHangUp(): void
  onAnswer(): void
  onDecline(): void
  onAgain(): void
  onDone(): void
}

export function CallScreen(props: Props) {
  const { call } = props
  if (call.state === 'ringing') return <Ringing {...props} />
  return call.state === 'ended' ? <Ended {...props} /> : <OnTheLine {...props} />
}

/** Who is at the other end. */
function otherEnd(call: CallView): string {
  return call.direction === 'incoming' ? call.to : call.from
}

function Ringing({ call, onHangUp, onAnswer, onDecline }: Props) {
  const calledUs = call.direction === 'outgoing'
  const answer = useRef<HTMLButtonElement>(null)
  useEffect(() => answer.current?.focus(), [])
  return (
    <div class="ringing">
      <div class="who">
        <div class="avatar pulsing" aria-hidden="true">
          <Handset size={34} />
        </div>
        <h2>{telephone(otherEnd(call))}</h2>
        <p role="status">{calledUs ? 'Incoming call' : 'Calling…'}</p>
      </div>
      <div class="actions">
        {calledUs ? (
          <>
            <Labelled label="Decline">
              <button type="button" class="round bad" onClick={onDecline} aria-label="Decline">
                <HangUp />
              </button>
            </Labelled>
            <Labelled label="Answer">
              <button type="button" class="round good" ref={answer} onClick={onAnswer} aria-label="Answer">
                <Handset />
              </button>
            </Labelled>
          </>
        ) : (
          <button type="button" class="round bad" ref={answer} onClick={onHangUp} aria-label="Hang up">
            <HangUp />
          </button>
        )}
      </div>
    </div>
  )
}

function Labelled({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="labelled">
      {children}
      <span aria-hidden="true">{label}</span>
    </div>
  )
}

function Ended({ call, now, onAgain, onDone }: Props) {
  return (
    <div class="ringing">
      <div class="who">
        <div class="avatar" aria-hidden="true">
          <HangUp size={34} />
        </div>
        <h2>{telephone(otherEnd(call))}</h2>
        <p role="status">
          {endedBecause(call.hangup_cause)}
          {call.answered_at !== null && ` · ${lasted(call, now)}`}
        </p>
      </div>
      <div class="actions">
        <Labelled label="Close">
          <button type="button" class="round plain" onClick={onDone} aria-label="Close">
            ✕
          </button>
        </Labelled>
        {call.direction === 'incoming' && (
          <Labelled label="Call again">
            <button type="button" class="round good" onClick={onAgain} aria-label="Call again">
              <Handset />
            </button>
          </Labelled>
        )}
      </div>
    </div>
  )
}

function OnTheLine({ call, now, onPress, onSay, onHangUp }: Props) {
  return (
    <div class="on-line">
      <div class="head">
        <h2>{telephone(otherEnd(call))}</h2>
        <p>
          <span class="dot" aria-hidden="true" />
          <span>{lasted(call, now)}</span>
          {call.bridged_with !== null && <span class="pill violet">connected to another line</span>}
        </p>
      </div>
      <Caption call={call} />
      <Keypad onPress={onPress} compact />
      <SayBox call={call} onSay={onSay} />
      <div class="actions">
        <button type="button" class="round bad" onClick={onHangUp} aria-label="Hang up">
          <HangUp />
        </button>
      </div>
    </div>
  )
}

/** What is heard now, or was last, and what the caller answered to it. */
function Caption({ call }: { call: CallView }) {
  const rows = rowsOf(call.transcript)
  const heard = rows.findLastIndex(({ by }) => by === 'platform')
  const theirs = rows[heard]
  const mine = rows.slice(heard + 1).findLast(({ by }) => by === 'caller')
  return (
    <div class="caption" data-speaking={call.speaking === null ? undefined : ''}>
      <Wave on={call.speaking !== null} />
      <p aria-live="polite" dir="auto">
        {theirs === undefined
          ? 'Connected. Nothing has been said yet.'
          : theirs.kind === 'media'
            ? `♪ ${theirs.text}`
            : theirs.text}
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

/** The voice at the other end, seen. */
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

function SayBox({ call, onSay }: { call: CallView; onSay(text: string): Promise<unknown> }) {
  const [text, setText] = useState('')
  const say = async (words: string) => {
    if (words.trim() === '') return
    if (words === text) setText('')
    if ((await onSay(words.trim())) === undefined) setText((now) => now || words)
  }
  const talks = call.collecting !== null && call.collecting.kind !== 'digits'
  return (
    <div class="say">
      {talks && (
        <fieldset class="quick" aria-label="Quick replies">
          {quickReplies.map((words) => (
            <button key={words} type="button" class="chip" onClick={() => void say(words).catch(() => {})}>
              {words}
            </button>
          ))}
        </fieldset>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          say(text).catch(() => {})
        }}
      >
        <label for="say" class="unseen">
          Say something
        </label>
        <input
          id="say"
          autoComplete="off"
          placeholder="Say something…"
          value={text}
          maxLength={2000}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="icon" disabled={text.trim() === ''} aria-label="Say it">
          <Send />
        </button>
      </form>
    </div>
  )
}

const quickReplies = ['Yes', 'No', 'Sorry?', "I'd rather not say"]
