import { gather } from '../../../gather'

/** A real application asks here who is signed in, and issues a ticket for that agent's calls only. */
export async function POST() {
  const ticket = await gather().issueTicket({
    subject: 'demo-agent',
    calls: '*',
    scopes: ['view', 'gather', 'assistant'],
  })
  return new Response(ticket, { headers: { 'cache-control': 'no-store' } })
}
