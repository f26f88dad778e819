'use client'

import { CallList, createGatherClient, GatherPanel, GatherProvider } from '@callgather/react'
import { useState } from 'react'

// Next.js has no websockets: the relay is a callgather-server on the same Redis.
const client = createGatherClient({
  url: process.env.NEXT_PUBLIC_CALLGATHER_URL ?? 'http://localhost:8787',
  getTicket: () => fetch('/api/ticket').then((response) => response.text()),
})

export function Console() {
  const [callId, setCallId] = useState<string | null>(null)
  return (
    <GatherProvider client={client}>
      <CallList selected={callId} onSelect={setCallId} />
      {callId && <GatherPanel key={callId} callId={callId} />}
    </GatherProvider>
  )
}
