import { act, fireEvent, render, screen } from '@testing-library/react'
import { type ReactNode, useState } from 'react'
import { expect, test } from 'vitest'
import { useKeptFocus } from './use-kept-focus.ts'

function Region({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section aria-label={name} {...useKeptFocus()}>
      {children}
    </section>
  )
}

/** A button that removes itself on click without rerendering the region around it. */
function Once({ name }: { name: string }) {
  const [done, setDone] = useState(false)
  return done ? null : (
    <button type="button" onClick={() => setDone(true)}>
      {name}
    </button>
  )
}

/** A panel region with a card region inside, and a button that removes the card. */
function Panel() {
  const [shown, setShown] = useState(true)
  return (
    <Region name="Panel">
      {shown && (
        <Region name="Card">
          <Once name="Stop" />
        </Region>
      )}
      <button type="button" onClick={() => setShown(false)}>
        Close the card
      </button>
    </Region>
  )
}

function Answer() {
  const [busy, setBusy] = useState(false)
  return (
    <button type="button" disabled={busy} onClick={() => setBusy(true)}>
      Answer
    </button>
  )
}

/** Focuses and clicks a button, then lets the mutation observer run. */
async function press(name: string) {
  const button = screen.getByRole('button', { name })
  button.focus()
  await act(async () => {
    fireEvent.click(button)
  })
}

test('`useKeptFocus` focuses the region when a focused button removes itself without rerendering it', async () => {
  render(
    <Region name="Card">
      <Once name="Stop" />
    </Region>,
  )
  await press('Stop')
  expect(document.activeElement).toBe(screen.getByRole('region', { name: 'Card' }))
})

test('`useKeptFocus` focuses the innermost remaining region each time an element is removed', async () => {
  render(<Panel />)
  await press('Stop')
  const card = screen.getByRole('region', { name: 'Card' })
  expect(document.activeElement).toBe(card)
  await act(async () => {
    fireEvent.click(screen.getByRole('button', { name: 'Close the card' }))
  })
  expect(document.activeElement).toBe(screen.getByRole('region', { name: 'Panel' }))
})

test('`useKeptFocus` moves the focus to the region when the focused button is disabled', async () => {
  render(
    <Region name="Call">
      <Answer />
    </Region>,
  )
  await press('Answer')
  expect(document.activeElement).toBe(screen.getByRole('region', { name: 'Call' }))
})

test('`useKeptFocus` does not move the focus when a button without the focus is removed', async () => {
  render(
    <>
      <Region name="Card">
        <Once name="Stop" />
      </Region>
      <input aria-label="Notes" />
    </>,
  )
  const stop = screen.getByRole('button', { name: 'Stop' })
  stop.focus()
  screen.getByRole('textbox', { name: 'Notes' }).focus()
  await act(async () => {
    fireEvent.click(stop)
  })
  expect(document.activeElement).toBe(screen.getByRole('textbox', { name: 'Notes' }))
})
