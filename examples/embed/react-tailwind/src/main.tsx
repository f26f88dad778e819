import { CallList, createGatherClient, GatherPanel, GatherProvider, useHostEvents } from '@callgather/react'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import './index.css'

const client = createGatherClient({ url: 'http://127.0.0.1:8787', getTicket })

async function getTicket() {
  const response = await fetch('/api/ticket', { method: 'POST' })
  if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
  return response.text()
}

function Desk() {
  const [callId, setCallId] = useState<string | null>(null)
  const [account, setAccount] = useState('')
  useHostEvents((event) => event.type === 'collected' && setAccount(String(event.value ?? '')))
  return (
    <main className="grid h-screen grid-cols-[16rem_1fr] gap-4 p-4">
      <aside className="space-y-4">
        Account number <input aria-label="Account number" className="rounded border px-2" value={account} readOnly />
        <CallList selected={callId} onSelect={setCallId} />
      </aside>
      {callId && <GatherPanel callId={callId} />}
    </main>
  )
}

createRoot(document.querySelector('#root') as Element).render(
  <GatherProvider client={client}>
    <Desk />
  </GatherProvider>,
)
