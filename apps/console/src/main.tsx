import { createGatherClient, GatherProvider } from '@callgather/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '@fontsource-variable/inter'
import '@callgather/react/styles.css'
import './console.css'
import { App } from './app.tsx'
import { fetchTicket, type Role } from './session.ts'

// The demo has no sign-in. `?role=supervisor` opens the read-only view.
const role: Role = new URLSearchParams(location.search).get('role') === 'supervisor' ? 'supervisor' : 'agent'

const client = createGatherClient({ url: location.origin, getTicket: () => fetchTicket(role) })
const root = document.getElementById('root')
if (!root) throw new Error('The page has no element #root.')

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <GatherProvider client={client}>
        <App role={role} />
      </GatherProvider>
    </QueryClientProvider>
  </StrictMode>,
)
