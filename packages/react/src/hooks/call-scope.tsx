import { createContext, type ReactElement, type ReactNode, useContext } from 'react'

const CallContext = createContext<string | null>(null)
CallContext.displayName = 'CallScope'

/** The props of `CallScope`. */
export interface CallScopeProps {
  /** The call of everything inside. */
  readonly callId: string
  readonly children?: ReactNode
}

/** Names the call for the hooks and components inside it that are given no `callId` of their own. */
export function CallScope({ callId, children }: CallScopeProps): ReactElement {
  return <CallContext.Provider value={callId}>{children}</CallContext.Provider>
}

/**
 * The call of this place: the one given, or that of the nearest `CallScope` (every `Root` of a component is one).
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

/** A component that may be given its call, and takes that of the `CallScope` around it otherwise. */
export type OfCall<Props> = (props: Props & { readonly callId?: string | undefined }) => ReactElement

/** Makes a component of one call: remounted with each call, so that no local state of one call is painted for another. */
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
