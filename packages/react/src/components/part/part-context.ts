import { createContext, type Provider, useContext } from 'react'

/** Creates the React context that a part, by default `Root`, provides to the parts inside it. */
export function createPartContext<Value>(
  namespace: string,
  provider = 'Root',
): readonly [Provider<Value | null>, (part: string) => Value] {
  const Context = createContext<Value | null>(null)
  Context.displayName = `${namespace}.${provider}`
  const use = (part: string): Value => {
    const value = useContext(Context)
    if (value === null) {
      throw new Error(
        `CallGather: <${namespace}.${part}> has no <${namespace}.${provider}> around it. Render it inside that part.`,
      )
    }
    return value
  }
  return [Context.Provider, use]
}
