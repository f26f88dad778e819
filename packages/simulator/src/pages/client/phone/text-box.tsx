/** @jsxImportSource preact */
/** A text field with a send button. */
import { useState } from 'preact/hooks'
import { Send } from '../icons.tsx'

interface Props {
  id: string
  /** The accessible name of the field. */
  label: string
  placeholder: string
  /** The accessible name of the button. */
  action: string
  /** Sends the text and calls `done` when the simulator has accepted it. */
  onSend(text: string, done: () => void): void
}

export function TextBox({ id, label, placeholder, action, onSend }: Props) {
  const [text, setText] = useState('')
  const send = (event: Event) => {
    event.preventDefault()
    // Clear the field only after the request succeeds, and only if the user typed nothing more.
    if (text.trim() !== '') onSend(text.trim(), () => setText((now) => (now === text ? '' : now)))
  }
  return (
    <div class="say">
      <form onSubmit={send}>
        <label for={id} class="unseen">
          {label}
        </label>
        <input
          id={id}
          dir="auto"
          autoComplete="off"
          placeholder={placeholder}
          value={text}
          maxLength={2000}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="icon" disabled={text.trim() === ''} aria-label={action}>
          <Send />
        </button>
      </form>
    </div>
  )
}
