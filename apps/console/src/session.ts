/** What the console asks of its own backend: who we are, and the softphone's answer and hang-up. */

/** What the backend says about the demo. */
export interface Demo {
  /** Whether Telnyx is simulated. */
  readonly simulated: boolean
  /** Where the caller's phone is, if it is simulated. */
  readonly phone: string | null
}

/** Who looks at the console: an agent may act on calls, a supervisor only sees them. */
export type Role = 'agent' | 'supervisor'

async function requestJson<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init)
  if (!response.ok) {
    const { error } = (await response.json().catch(() => ({}))) as { error?: string }
    throw new Error(error ?? `The console's backend answered ${response.status}.`)
  }
  return (await response.json()) as T
}

/** Asks what kind of demo this is. */
export const fetchDemo = () => requestJson<Demo>('/api/demo')

/** A fresh ticket for the gather server. */
export async function fetchTicket(role: Role): Promise<string> {
  const { ticket } = await requestJson<{ ticket: string }>(`/api/ticket?role=${role}`, { method: 'POST' })
  return ticket
}

/** Picks up, or hangs up, a call. */
export const controlCall = (callId: string, action: 'answer' | 'hangup') =>
  requestJson(`/api/calls/${encodeURIComponent(callId)}/${action}`, { method: 'POST' })
