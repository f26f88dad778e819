import { createContext, type ReactElement, type ReactNode, useContext } from 'react'

const CallContext = createContext<string | null>(null)
CallContext.displayName = 'CallScope'

/** The props of `CallScope`. */
export interface CallScopeProps {
  /** The `call_control_id` for hooks and components inside the scope. */
  readonly callId: string
  readonly children?: ReactNode
}

/** Provides a call id to the hooks and components inside the scope that have no `callId`. */
export function CallScope({ callId, children }: CallScopeProps): ReactElement {
  return <CallContext.Provider value={callId}>{children}</CallContext.Provider>
}

/**
 * Returns the given call id, or the call id of the nearest `CallScope`. The `Root` of each component is a `CallScope`.
 *
 * @throws if `callId` is missing and there is no `CallScope`.
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

/** Returns the call id of the nearest `CallScope`; `null` outside of a scope. */
export const useScopedCallId = (): string | null => useContext(CallContext)

/** A component with an optional `callId`. Default: the call id of the nearest `CallScope`. */
export type OfCall<Props> = (props: Props & { readonly callId?: string | undefined }) => ReactElement

/** Wraps a component so that it remounts for each call, and never shows the local state of another call. */
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
