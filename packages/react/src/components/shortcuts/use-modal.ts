import { type RefObject, useEffect, useRef, useState } from 'react'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { activeIn } from '../kit/typing-guard.ts'

interface Modal {
  readonly isOpen: boolean
  /** Closes the dialog. The focus is restored before this returns. */
  readonly close: () => void
  /** The props of the `dialog` element. */
  readonly props: { readonly ref: RefObject<HTMLDialogElement | null>; readonly onClose: () => void }
}

/** A modal dialog that a shortcut opens. The browser keeps the focus inside the dialog, and restores it at the end. */
export function useModal(shortcut: { readonly id: string; readonly key: string; readonly label: string }): Modal {
  const [isOpen, setOpen] = useState(false)
  const ref = useRef<HTMLDialogElement>(null)
  useShortcut({ ...shortcut, run: () => setOpen(true) })
  useEffect(() => {
    if (isOpen && !ref.current?.open) ref.current?.showModal()
  }, [isOpen])
  const onClose = () => {
    setOpen(false)
    const root = ref.current?.closest<HTMLElement>('[data-cg-shortcuts]')
    if (!root) return
    // The element that had the focus before may be gone.
    const active = activeIn(root)
    if (active === null || active === root.ownerDocument.body) root.focus({ preventScroll: true })
  }
  return { isOpen, close: () => ref.current?.close(), props: { ref, onClose } }
}
