export async function getTicket(): Promise<string> {
  const response = await fetch('/api/ticket', { method: 'POST' })
  if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
  return response.text()
}
