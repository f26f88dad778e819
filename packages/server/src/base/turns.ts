/** Spreads work over turns of the event loop, so that sockets are served in between. */
import { setImmediate } from 'node:timers/promises'

/**
 * Returns a function to await before each item of a long list. For each `count` items it resolves in a later turn of the
 * event loop: reads from sqlite or memory never leave their turn, however many workers share the list.
 */
export function itemsEachTurn(count: number): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  let items = 0
  return async () => {
    if (items++ % count === 0) last = last.then(() => setImmediate())
    await last
  }
}
