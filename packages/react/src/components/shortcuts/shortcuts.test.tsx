import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactNode, useState } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useShortcut, useShortcuts } from '../../hooks/use-shortcut.ts'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { Shortcuts } from './shortcuts.tsx'

const next = vi.fn()
const hangUp = vi.fn()
const find = vi.fn()
const other = vi.fn()

beforeEach(() => {
  vi.clearAllMocks()
  localStorage.clear()
})

function Actions() {
  const key = useShortcut({ id: 'next', key: 'j', label: 'Next', run: next })
  useShortcut({ id: 'hangUp', key: 'H', label: 'Hang up', run: hangUp })
  useShortcut({ id: 'find', key: 'Mod+K', label: 'Find', run: find })
  const { setKey, setEnabled, reset } = useShortcuts()
  return (
    <>
      <button type="button" aria-keyshortcuts={key?.aria}>
        Next <ShortcutHint shortcut={key} />
      </button>
      <input aria-label="Name" />
      <button type="button" onClick={() => setKey('next', 'n')}>
        Use N
      </button>
      <button type="button" onClick={() => setKey('hangUp', 'x')}>
        Hang up with X
      </button>
      <button type="button" onClick={() => setEnabled(false)}>
        Turn off
      </button>
      <button type="button" onClick={reset}>
        Reset
      </button>
    </>
  )
}

/** Shows the key of another action as text. */
const Other = () => <output>{useShortcut({ id: 'other', key: 'o', label: 'Other', run: other })?.text}</output>

function Action({ enabled }: { enabled: boolean }) {
  useShortcut({ id: 'x', key: 'x', label: 'X', enabled, run: next })
  return <button type="button">Focus</button>
}

/** A field that disappears at the first letter. */
function Field() {
  const [shown, setShown] = useState(true)
  return shown ? <input aria-label="Short" onChange={() => setShown(false)} /> : null
}

const button = () => screen.getByRole('button', { name: 'Next' })
const show = (content: ReactNode = <Actions />) => render(<Shortcuts>{content}</Shortcuts>)

describe('Shortcuts', () => {
  it('a key runs its action only while the focus is inside the root', async () => {
    show()
    await userEvent.keyboard('j')
    expect(next).not.toHaveBeenCalled()
    button().focus()
    await userEvent.keyboard('j')
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a key works without a focused element if the root is the whole page', async () => {
    render(
      <>
        <Shortcuts wholePage>
          <Actions />
        </Shortcuts>
        <button type="button">Elsewhere</button>
      </>,
    )
    await userEvent.keyboard('j')
    expect(next).toHaveBeenCalledTimes(1)
    screen.getByRole('button', { name: 'Elsewhere' }).focus()
    await userEvent.keyboard('j')
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a key does nothing in a text field, with a modifier, while composing text, held down, or already handled', async () => {
    show()
    await userEvent.type(screen.getByRole('textbox'), 'j')
    await userEvent.click(button())
    for (const init of [
      { ctrlKey: true },
      { metaKey: true },
      { altKey: true },
      { isComposing: true },
      { repeat: true },
    ]) {
      fireEvent.keyDown(button(), { key: 'j', ...init })
    }
    button().addEventListener('keydown', (event) => event.preventDefault(), { once: true })
    fireEvent.keyDown(button(), { key: 'j' })
    expect(next).not.toHaveBeenCalled()
    fireEvent.keyDown(button(), { key: 'j' })
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a key does nothing in a dialog inside the root, but works if the root itself is in a dialog', () => {
    const content = (name: string) => <button type="button">{name}</button>
    render(
      <dialog open>
        <Shortcuts>
          <Actions />
          <dialog open>{content('Inner')}</dialog>
        </Shortcuts>
      </dialog>,
    )
    fireEvent.keyDown(screen.getByRole('button', { name: 'Inner' }), { key: 'j' })
    expect(next).not.toHaveBeenCalled()
    fireEvent.keyDown(button(), { key: 'j' })
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('Ctrl and a letter also work in a text field', () => {
    show()
    fireEvent.keyDown(screen.getByRole('textbox'), { key: 'k', ctrlKey: true })
    expect(find).toHaveBeenCalledTimes(1)
  })

  it('a key with Shift is not pressed by Caps Lock, and keeps Shift when it is changed', async () => {
    show()
    fireEvent.keyDown(button(), { key: 'H' })
    fireEvent.keyDown(button(), { key: 'h' })
    expect(hangUp).not.toHaveBeenCalled()
    fireEvent.keyDown(button(), { key: 'H', shiftKey: true })
    expect(hangUp).toHaveBeenCalledTimes(1)
    await userEvent.click(screen.getByRole('button', { name: 'Hang up with X' }))
    fireEvent.keyDown(button(), { key: 'x' })
    expect(hangUp).toHaveBeenCalledTimes(1)
    fireEvent.keyDown(button(), { key: 'X', shiftKey: true })
    expect(hangUp).toHaveBeenCalledTimes(2)
  })

  it('a changed key is shown, stored in the browser and used after a reload', async () => {
    const { unmount } = show()
    expect(button()).toHaveAttribute('aria-keyshortcuts', 'J')
    await userEvent.click(screen.getByRole('button', { name: 'Use N' }))
    expect(button()).toHaveTextContent('Next N')
    expect(JSON.parse(localStorage.getItem('callgather.shortcuts') ?? '')).toEqual({
      enabled: true,
      keys: { next: 'n' },
    })
    unmount()
    show()
    button().focus()
    await userEvent.keyboard('j')
    expect(next).not.toHaveBeenCalled()
    await userEvent.keyboard('n')
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a key that the agent chose wins over the default key of a shortcut that is mounted later', async () => {
    localStorage.setItem('callgather.shortcuts', JSON.stringify({ enabled: true, keys: { other: 'j' } }))
    show(
      <>
        <Other />
        <Actions />
      </>,
    )
    fireEvent.keyDown(button(), { key: 'j' })
    expect(other).toHaveBeenCalledTimes(1)
    expect(next).not.toHaveBeenCalled()
    expect(screen.getByRole('status')).toHaveTextContent('J')
    expect(button()).not.toHaveAttribute('aria-keyshortcuts')
  })

  it('keys that are turned off do nothing and are not shown', async () => {
    show()
    await userEvent.click(screen.getByRole('button', { name: 'Turn off' }))
    await userEvent.keyboard('j')
    expect(next).not.toHaveBeenCalled()
    expect(button()).not.toHaveAttribute('aria-keyshortcuts')
    await userEvent.click(screen.getByRole('button', { name: 'Reset' }))
    await userEvent.keyboard('j')
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a component outside Shortcuts, or in a disabled one, has no key', () => {
    render(<Actions />)
    expect(button()).not.toHaveAttribute('aria-keyshortcuts')
    fireEvent.keyDown(button(), { key: 'j' })
    expect(next).not.toHaveBeenCalled()
  })

  it('an unmounted or impossible action has no effect', () => {
    const { rerender } = show(<Action enabled={false} />)
    fireEvent.keyDown(screen.getByRole('button'), { key: 'x' })
    expect(next).not.toHaveBeenCalled()
    rerender(
      <Shortcuts>
        <Action enabled />
      </Shortcuts>,
    )
    fireEvent.keyDown(screen.getByRole('button'), { key: 'x' })
    expect(next).toHaveBeenCalledTimes(1)
    rerender(
      <Shortcuts>
        <button type="button">Other</button>
      </Shortcuts>,
    )
    fireEvent.keyDown(screen.getByRole('button'), { key: 'x' })
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('a key runs its action after Enter submitted a form whose field then disappeared', async () => {
    const form = (
      <form key="form" onSubmit={(event) => event.preventDefault()}>
        <input aria-label="Right value" />
      </form>
    )
    const { rerender } = render(<Shortcuts wholePage>{[<Actions key="actions" />, form]}</Shortcuts>)
    await userEvent.type(screen.getByRole('textbox', { name: 'Right value' }), 'Ada King{Enter}')
    rerender(<Shortcuts wholePage>{[<Actions key="actions" />]}</Shortcuts>)
    await userEvent.keyboard('j')
    expect(next).toHaveBeenCalledTimes(1)
  })

  it('keys typed after their field disappeared run nothing until a deliberate key', async () => {
    show(
      <>
        <Field />
        <Actions />
      </>,
    )
    await userEvent.click(screen.getByRole('textbox', { name: 'Short' }))
    await userEvent.keyboard('ajj')
    expect(screen.queryByRole('textbox', { name: 'Short' })).toBeNull()
    button().focus()
    await userEvent.keyboard('j')
    expect(next).not.toHaveBeenCalled()
    await userEvent.keyboard('{Tab}j')
    expect(next).not.toHaveBeenCalled()
    await userEvent.keyboard('{Shift>}{Tab}{/Shift}j')
    expect(next).toHaveBeenCalledTimes(1)
  })
})
