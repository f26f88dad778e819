const panel = document.querySelector('callgather-panel')

async function getTicket() {
  const response = await fetch('/api/ticket', { method: 'POST' })
  if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
  return response.text()
}

panel.getTicket = getTicket
document.querySelector('callgather-calls').getTicket = getTicket
panel.addEventListener('collected', ({ detail }) => {
  document.querySelector('#account').value = detail.value
})
