import { useEffect, useRef } from 'react'

/**
 * Returns ids in the order to show. While the order is held, ids keep their places, and new ids come last. An id keeps
 * its place even if it is no longer wanted, as long as it `exists`, so that nothing moves under the pointer.
 */
export function useHeldOrder(
  wanted: readonly string[],
  isHeld: boolean,
  exists: (id: string) => boolean,
): readonly string[] {
  const shown = useRef<readonly string[]>(wanted)
  const order = isHeld ? heldOrder(shown.current, wanted, exists) : wanted
  useEffect(() => {
    shown.current = order
  })
  return order
}

function heldOrder(
  shown: readonly string[],
  wanted: readonly string[],
  exists: (id: string) => boolean,
): readonly string[] {
  const places = new Set(shown)
  return [...shown.filter(exists), ...wanted.filter((id) => !places.has(id))]
}
