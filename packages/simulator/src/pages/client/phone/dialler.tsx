/** @jsxImportSource preact */
/** The phone without a call: a number field, the keypad and a dial button. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { telephone } from '../format.ts'
import { IconButton } from '../frame.tsx'
import { Erase, Handset } from '../icons.tsx'
import { isTyping, Keypad } from './keypad.tsx'

const usualFrom = '+15550001111'
const usualTo = '+15550002222'

/** The numbers of the next call: the phone's own, and the one to dial. */
export interface Numbers {
  from: string
  to: string
}

/** Returns the numbers of the last call that this browser dialled. */
export const readNumbers = (): Numbers => ({
  from: localStorage.getItem('phone.from') ?? usualFrom,
  to: localStorage.getItem('phone.to') ?? usualTo,
})

/** Returns the number that the phone has: the entered one, or the usual one. */
export const ownNumber = ({ from }: Numbers): string => from.trim() || usualFrom

export function Dialler({
  numbers,
  onNumbers,
  onDial,
  onKey,
  disabled,
}: {
  numbers: Numbers
  onNumbers(change: (numbers: Numbers) => Numbers): void
  onDial(from: string, to: string): void
  onKey(key: string): void
  disabled: boolean
}) {
  const { from, to } = numbers
  const setTo = (change: (number: string) => string) => onNumbers((all) => ({ ...all, to: change(all.to) }))
  const setFrom = (from: string) => onNumbers((all) => ({ ...all, from }))
  const [recent, setRecent] = useState(readRecent)
  const fresh = useRef(true)
  const ready = to.trim() !== '' && !disabled

  const call = () => {
    if (!ready) return
    localStorage.setItem('phone.to', to.trim())
    localStorage.setItem('phone.from', ownNumber(numbers))
    const next = [to.trim(), ...recent.filter((number) => number !== to.trim())].slice(0, 3)
    localStorage.setItem('phone.recent', JSON.stringify(next))
    setRecent(next)
    onDial(ownNumber(numbers), to.trim())
  }
  // The field shows the last number dialled. The first key after the page opens starts a new number.
  const type = (key: string) => {
    onKey(key)
    setTo((number) => (fresh.current ? key : number + key))
    fresh.current = false
  }
  const edit = (number: string) => {
    fresh.current = false
    setTo(() => number)
  }
  const press = (event: KeyboardEvent) => {
    const { key, target } = event
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return
    if (key === 'Backspace') edit(to.slice(0, -1))
    if (key === 'Enter' && !(target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement)) call()
    if (key === '+') type('+')
  }
  const latest = useRef(press)
  latest.current = press

  useEffect(() => {
    const listen = (event: KeyboardEvent) => latest.current(event)
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])

  return (
    <form
      class="dialler"
      onSubmit={(event) => {
        event.preventDefault()
        call()
      }}
    >
      <div class="number">
        <label for="to">Call</label>
        <div class="entry">
          <input
            id="to"
            inputMode="tel"
            autoComplete="off"
            spellcheck={false}
            placeholder="Number or SIP address"
            value={to}
            data-long={to.length > 16 ? '' : undefined}
            onInput={(event) => edit(event.currentTarget.value)}
          />
          <IconButton label="Delete last digit" disabled={to === ''} onClick={() => edit(to.slice(0, -1))}>
            <Erase />
          </IconButton>
        </div>
        <div class="from">
          <label for="from">from</label>
          <input
            id="from"
            inputMode="tel"
            autoComplete="off"
            spellcheck={false}
            value={from}
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
        </div>
      </div>
      {recent.length > 0 && (
        <fieldset class="recent" aria-label="Dialled before">
          {recent.map((number) => (
            <button
              key={number}
              type="button"
              class="chip"
              onClick={() => {
                fresh.current = true
                setTo(() => number)
              }}
            >
              {telephone(number)}
            </button>
          ))}
        </fieldset>
      )}
      <Keypad onPress={type} onHold={(key) => key === '0' && setTo((number) => `${number}+`)} />
      <div class="actions">
        <button type="submit" class="round good" disabled={!ready} aria-label={`Call ${telephone(to)}`}>
          <Handset />
        </button>
      </div>
    </form>
  )
}

function readRecent(): string[] {
  try {
    const known: unknown = JSON.parse(localStorage.getItem('phone.recent') ?? '[]')
    return Array.isArray(known) ? known.filter((number) => typeof number === 'string').slice(0, 3) : []
  } catch {
    return []
  }
}
