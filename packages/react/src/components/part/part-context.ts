import { createContext, type Provider, useContext } from 'react'

/** The context between the root of a component and its parts. */
export function createPartContext<Value>(
  component: string,
): readonly [Provider<Value | null>, (part: string) => Value] {
  const Context = createContext<Value | null>(null)
  Context.displayName = component
  const use = (part: string): Value => {
    const value = useContext(Context)
    if (value === null) {
      throw new Error(
        `CallGather: <${component}.${part}> is outside <${component}.Root>, from which it takes its state. Put it inside one.`,
      )
    }
    return value
  }
  return [Context.Provider, use]
}
