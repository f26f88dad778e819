import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// Testing Library registers its own clean-up only when test functions are global.
afterEach(async () => {
  // A text field that is removed with the focus leaves the hidden field of the typing guard behind, which takes the keys of
  // the next test, also of the next file. The guard ends in a microtask after the field lost the focus.
  // Some files run without a document.
  let active = globalThis.document?.activeElement ?? null
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  ;(active as HTMLElement | null)?.blur()
  await Promise.resolve()
  cleanup()
})

configure({ asyncUtilTimeout: 10_000 })
