/** Shows the list of calls or the panel of one call, and speaks the host contract with the page around the frame. */
import {
  HOST_CONTRACT,
  HOST_CONTRACT_VERSION,
  type HostEvent,
  type HostInitRequest,
  type HostRequest,
} from '@callgather/protocol'
import { connectToHost, MAX_MESSAGES_PER_SECOND } from '../bridge/channel.ts'
import { checkRequest } from '../bridge/check-message.ts'
import { FrameView } from './view.ts'

/** Connects to the page around the frame, which must have one of these origins, and waits for its `init` request. */
export function startFrame(origins: readonly string[]): void {
  const pendingTickets = new Map<string, (ticket: string | null) => void>()
  let view: FrameView | null = null
  let host: MessagePort | null = null
  const publish = (event: HostEvent) => host?.postMessage(event)

  const getTicket = () =>
    new Promise<string>((resolve, reject) => {
      const requestId = crypto.getRandomValues(new Uint32Array(3)).join('-')
      // The client asks again after its own deadline, so an older question has no use.
      pendingTickets.clear()
      pendingTickets.set(requestId, (ticket) => {
        if (ticket === null) reject(new Error('the page around the frame returned no ticket'))
        else resolve(ticket)
      })
      publish({ type: 'ticket-needed', requestId })
    })

  const start = (init: HostInitRequest) => {
    view?.remove()
    publish({ type: 'ready', contract: HOST_CONTRACT, version: HOST_CONTRACT_VERSION, callId: init.callId ?? null })
    view = new FrameView({ init, getTicket, publish })
  }

  const handle = (request: HostRequest) => {
    switch (request.type) {
      case 'init':
        return start(request)
      case 'ticket':
        pendingTickets.get(request.requestId)?.(request.ticket)
        pendingTickets.delete(request.requestId)
        return
      case 'select-call':
        return view?.show(request.callId)
      case 'set-theme':
        return view?.setTheme(request.theme)
      case 'set-locale':
        return view?.setLocale(request.locale)
      case 'focus':
        return view?.focus()
      case 'destroy':
        view?.remove()
        view = null
    }
  }

  connectToHost(window.parent, origins, {
    onMessage: (given, port) => {
      host = port
      const { message, refused } = checkRequest(given)
      if (message) handle(message)
      else publish(refused)
    },
    onFlood: () =>
      publish({
        type: 'error',
        code: 'tooManyMessages',
        detail: `The host sent more than ${MAX_MESSAGES_PER_SECOND} requests in a second. The rest is dropped.`,
        callId: null,
      }),
  })
}
