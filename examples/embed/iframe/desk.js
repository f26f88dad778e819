import { mountCallGather } from 'http://127.0.0.1:8787/callgather/embed/host.mjs'

mountCallGather(document.querySelector('#callgather'), {
  src: 'http://127.0.0.1:8787/callgather/embed',
  getTicket: async () => {
    const response = await fetch('/api/ticket', { method: 'POST' })
    if (!response.ok) throw new Error(`The ticket endpoint answered ${response.status}.`)
    return response.text()
  },
  onEvent: (event) => {
    if (event.type === 'collected') document.querySelector('#account').value = event.value
  },
})
