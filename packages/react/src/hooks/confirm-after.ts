import { createContext } from 'react'

/** How long Telnyx may take to confirm an accepted command before it is overdue. */
export const DEFAULT_CONFIRM_AFTER_MS = 10_000

/** The provider's `confirmAfterMs`. */
export const ConfirmAfterContext = createContext(DEFAULT_CONFIRM_AFTER_MS)
ConfirmAfterContext.displayName = 'ConfirmAfter'
