import { CallList, createGatherClient, GatherPanel, GatherProvider } from '@callgather/react'
import { useState } from 'react'
import '@callgather/react/styles.css'

// One client for the whole page. Its ticket says which calls this agent may see.
const client = createGatherClient({
  url: window.location.origin,
  getTicket: async () => {
    const response = await fetch('/api/ticket', { method: 'POST' })
    if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
    return response.text()
  },
})

/** The softphone's part: CallGather neither answers nor hangs up. */
async function send(callId: string, action: 'answer' | 'hangup') {
  const response = await fetch(`/api/calls/${encodeURIComponent(callId)}/${action}`, { method: 'POST' })
  if (!response.ok) throw new Error(`The call endpoint answered ${response.status}.`)
}

function HangUp({ callId }: { callId: string }) {
  return (
    <button
      type="button"
      onClick={() => {
        send(callId, 'hangup').catch((error: Error) => window.alert(error.message))
      }}
    >
      Hang up
    </button>
  )
}

export function App() {
  const [callId, setCallId] = useState<string | null>(null)
  return (
    <GatherProvider client={client}>
      <main>
        <CallList
          selected={callId}
          onSelect={setCallId}
          onAnswer={async (call) => {
            await send(call.callId, 'answer')
            setCallId(call.callId)
          }}
        />
        {callId && <GatherPanel callId={callId} callActions={<HangUp callId={callId} />} />}
      </main>
    </GatherProvider>
  )
}
