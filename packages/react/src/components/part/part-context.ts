import { createContext, type Provider, useContext } from 'react'

/** Creates the context between a part, `Root` by default, and the parts inside it. */
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
        `CallGather: <${namespace}.${part}> needs the state of <${namespace}.${provider}>. Render it inside one.`,
      )
    }
    return value
  }
  return [Context.Provider, use]
}
