import { mountCallGather } from '@callgather/embed/host'
import { useEffect, useRef } from 'react'

interface FramePanelProps {
  /** The page of the frame, which your CallGather server has: `https://calls.example.com/callgather/embed`. */
  readonly src: string
  /** Fetches a ticket from your back end. */
  readonly getTicket: () => string | Promise<string>
  /** Receives what the caller entered. */
  readonly onCollected?: (label: string, value: unknown) => void
}

export function FramePanel({ src, getTicket, onCollected }: FramePanelProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!place.current) return
    const frame = mountCallGather(place.current, {
      src,
      getTicket,
      onEvent: (event) => {
        if (event.type === 'collected') onCollected?.(event.label, event.value)
      },
    })
    return () => frame.destroy()
  }, [src, getTicket, onCollected])
  return <div ref={place} />
}
