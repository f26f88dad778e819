import { GatherPanel, WrapUp, type WrapUpRecord } from '@callgather/react'

const dispositions = [
  { id: 'booked', label: 'Visit booked' },
  { id: 'callback', label: 'Call back later' },
  { id: 'wrong', label: 'Wrong number' },
]

/** Saves the agent's note in your own system. If it throws, the agent keeps the note and can try again. */
async function save(record: WrapUpRecord) {
  const response = await fetch('/api/wrap-ups', { method: 'POST', body: JSON.stringify(record) })
  if (!response.ok) throw new Error(`The wrap-up was not saved: ${response.status}.`)
}

export const PanelWithWrapUp = ({ callId }: { readonly callId: string }) => (
  <GatherPanel callId={callId}>
    <WrapUp dispositions={dispositions} onWrapUp={save} />
  </GatherPanel>
)
