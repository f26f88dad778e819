import { createContext, type ReactElement, type ReactNode, useContext } from 'react'

const CallContext = createContext<string | null>(null)
CallContext.displayName = 'CallScope'

/** The props of `CallScope`. */
export interface CallScopeProps {
  /** The call of the hooks and components inside. */
  readonly callId: string
  readonly children?: ReactNode
}

/** Provides the call id to hooks and components inside it that have no `callId`. */
export function CallScope({ callId, children }: CallScopeProps): ReactElement {
  return <CallContext.Provider value={callId}>{children}</CallContext.Provider>
}

/**
 * The given call id, or that of the nearest `CallScope` (every `Root` of a component is one).
 *
 * @throws if there is neither.
 */
export function useCallId(callId?: string): string {
  const scope = useContext(CallContext)
  const id = callId ?? scope
  if (id === null) {
    throw new Error(
      'CallGather: this component or hook has no call. Give it a `callId`, or put it inside a <CallScope callId={…}>.',
    )
  }
  return id
}

/** The call of the nearest `CallScope`; `null` outside of any. */
export const useScopedCallId = (): string | null => useContext(CallContext)

/** A component with an optional `callId`; default: that of the nearest `CallScope`. */
export type OfCall<Props> = (props: Props & { readonly callId?: string | undefined }) => ReactElement

/** Makes a component that remounts for each call, so that it never shows local state of another call. */
export function perCall<Props extends object>(
  Content: (props: Props & { readonly callId: string }) => ReactNode,
): OfCall<Props> {
  return function PerCall(props) {
    const callId = useCallId(props.callId)
    return (
      <CallScope key={callId} callId={callId}>
        <Content {...props} callId={callId} />
      </CallScope>
    )
  }
}
