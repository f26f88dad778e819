import { GatherPanel } from '@callgather/react'
import styles from '@callgather/react/styles.css?inline'
import { type ReactNode, useCallback, useState } from 'react'
import { createPortal } from 'react-dom'

/** Renders its children in a shadow root, which no style of the page enters. The style sheet goes with them. */
function InShadowRoot({ children }: { readonly children: ReactNode }) {
  const [root, setRoot] = useState<ShadowRoot | null>(null)
  const attach = useCallback((host: HTMLDivElement | null) => {
    if (host) setRoot(host.shadowRoot ?? host.attachShadow({ mode: 'open' }))
  }, [])
  return (
    <div ref={attach}>
      {root &&
        createPortal(
          <>
            <style>{styles}</style>
            {children}
          </>,
          root,
        )}
    </div>
  )
}

export const ShadowPanel = ({ callId }: { readonly callId: string }) => (
  <InShadowRoot>
    <GatherPanel callId={callId} />
  </InShadowRoot>
)
