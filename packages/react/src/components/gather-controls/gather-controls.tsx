import type { ReactElement, ReactNode } from 'react'
import { CallScope, useCallId } from '../../hooks/call-scope.tsx'
import { AskCaller, type AskCallerProps } from './ask-caller.tsx'
import { CurrentGather } from './current-gather.tsx'

/** The props of `GatherControls`. */
export interface GatherControlsProps extends AskCallerProps {
  /** Content under a gather of digits, such as a `DtmfPad`. */
  readonly beside?: ReactNode
}

/**
 * Everything to ask a caller: `CurrentGather`, which shows and stops the running gather, above `AskCaller`, which
 * starts the next one.
 *
 * `GatherControlsParts` has the unstyled parts of the form.
 */
export function GatherControls({ callId: given, beside, ...props }: GatherControlsProps): ReactElement {
  const callId = useCallId(given)
  return (
    <CallScope callId={callId}>
      <div className="cg cg-controls">
        <CurrentGather beside={beside} />
        <AskCaller {...props} />
      </div>
    </CallScope>
  )
}
