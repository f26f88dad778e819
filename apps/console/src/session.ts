/** Requests to the console's backend: tickets, and the softphone's answer and hang-up. */
/** The backend's description of the demo. */
export interface Demo {
  /** Whether Telnyx is simulated. */
  readonly simulated: boolean
  /** URL of the caller's phone, if it is simulated. */
  readonly phone: string | null
}

/** An agent can act on calls. A supervisor can only view them. */
export type Role = 'agent' | 'supervisor'

async function requestJson<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new Error('Not sent. Check your network.', { cause })
  })
  if (!response.ok) {
    const { error } = (await response.json().catch(() => ({}))) as { error?: string }
    throw new Error(error ?? `The console's backend failed with HTTP status ${response.status}. Try again.`)
  }
  return (await response.json()) as T
}

/** Fetches the description of the demo. */
export const fetchDemo = () => requestJson<Demo>('/api/demo')

/** Fetches a new ticket for the gather server. */
export async function fetchTicket(role: Role): Promise<string> {
  const { ticket } = await requestJson<{ ticket: string }>(`/api/ticket?role=${role}`, { method: 'POST' })
  return ticket
}

/** Answers or hangs up a call. */
export const controlCall = (callId: string, action: 'answer' | 'hangup') =>
  requestJson(`/api/calls/${encodeURIComponent(callId)}/${action}`, { method: 'POST' })
