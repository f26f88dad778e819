/** @jsxImportSource preact */
/** The telephone keypad. The computer keyboard presses the same keys. */
import { useEffect, useRef, useState } from 'preact/hooks'

const keys = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
] as const

const names: Record<string, string> = { '*': 'star', '#': 'pound', '0': 'zero' }
const flashMs = 180

export function Keypad({
  onPress,
  onHold,
  disabled = false,
  compact = false,
}: {
  onPress(key: string): void
  onHold?(key: string): void
  disabled?: boolean
  compact?: boolean
}) {
  const [lit, setLit] = useState<string | null>(null)
  const held = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef(onPress)
  latest.current = onPress
  const press = (key: string) => {
    setLit(key)
    setTimeout(() => setLit((now) => (now === key ? null : now)), flashMs)
    latest.current(key)
  }

  useEffect(() => {
    if (disabled) return
    const type = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return
      if (/^[0-9*#]$/.test(event.key)) {
        event.preventDefault()
        press(event.key)
      }
    }
    addEventListener('keydown', type)
    return () => removeEventListener('keydown', type)
  }, [disabled])

  return (
    <fieldset class={`keypad${compact ? ' compact' : ''}`} aria-label="Keypad">
      {keys.map(([key, letters]) => (
        <button
          key={key}
          type="button"
          class="key"
          data-lit={lit === key ? '' : undefined}
          disabled={disabled}
          aria-label={names[key] ?? key}
          onPointerDown={() => {
            if (onHold !== undefined) held.current = setTimeout(() => onHold(key), 600)
          }}
          onPointerUp={() => clearTimeout(held.current)}
          onPointerLeave={() => clearTimeout(held.current)}
          onClick={() => press(key)}
        >
          <span>{key === '*' ? '✱' : key}</span>
          <span class="letters" aria-hidden="true">
            {letters || '\u00a0'}
          </span>
        </button>
      ))}
    </fieldset>
  )
}

/** Returns whether the user types into a text field. Then the keyboard presses no telephone keys. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  )
}
