/** The panel of the React package, for the benchmark of the first key. */
import { createGatherClient, GatherPanel, GatherProvider } from '@callgather/react'
import '@callgather/react/styles.css'
import { createRoot } from 'react-dom/client'

const { url = '', callId = '', ticket = '' } = document.documentElement.dataset
const client = createGatherClient({ url, getTicket: () => ticket })
const place = document.querySelector('main')
if (place) {
  createRoot(place).render(
    <GatherProvider client={client}>
      <GatherPanel callId={callId} />
    </GatherProvider>,
  )
}
