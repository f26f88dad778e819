'use client'

import { createGatherClient, GatherProvider } from '@callgather/react'
import type { ReactNode } from 'react'

// Next.js has no websockets: the relay is a callgather-server on the same Redis.
const client = createGatherClient({
  url: process.env.NEXT_PUBLIC_CALLGATHER_URL ?? 'http://localhost:8787',
  getTicket: async () => {
    const response = await fetch('/api/ticket', { method: 'POST' })
    if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
    return response.text()
  },
})

/** Gives the components and hooks inside it their client. A client holds a socket, so it cannot come from the server. */
export function CallGather({ children }: { children: ReactNode }) {
  return <GatherProvider client={client}>{children}</GatherProvider>
}
