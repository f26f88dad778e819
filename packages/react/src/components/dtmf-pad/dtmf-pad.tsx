import { Icon } from '../kit/icon.tsx'
import * as parts from './parts.tsx'

/** The props of `DtmfPad`. */
export interface DtmfPadProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

/**
 * A telephone keypad that shows the keys as the caller presses them. For masked digits it shows only that a key was
 * pressed. Keys that the gather does not accept are outlined. Keys outside any gather are listed below.
 *
 * `DtmfPadParts` has the unstyled parts of this component.
 */
export function DtmfPad({ callId }: DtmfPadProps) {
  return (
    <parts.Root callId={callId} className="cg cg-pad">
      <div className="cg-pad-grid">
        <ul className="cg-pad-keys">
          {parts.padKeys.map((key) => (
            <parts.Key key={key} value={key} className="cg-key">
              <parts.KeyCount value={key} className="cg-key-count" />
              <parts.Flash value={key} className="cg-key-flash" />
            </parts.Key>
          ))}
        </ul>
        <parts.Pulse className="cg-pad-pulse" />
      </div>
      <p className="cg-pad-caption">
        <Icon name="keypad" />
        <parts.Caption render={<span />} />
      </p>
      <parts.Strays className="cg-pad-stray" />
      <parts.Announcer />
    </parts.Root>
  )
}
