import { createContext } from 'react'

/** The default time within which an event must confirm an accepted command. Then the command is overdue. */
export const DEFAULT_CONFIRM_AFTER_MS = 10_000

/** The `confirmAfterMs` of the nearest `GatherProvider`. */
export const ConfirmAfterContext = createContext(DEFAULT_CONFIRM_AFTER_MS)
ConfirmAfterContext.displayName = 'ConfirmAfter'
