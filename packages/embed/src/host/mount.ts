import {
  HOST_CONTRACT,
  HOST_CONTRACT_VERSION,
  type HostEvent,
  type HostFeature,
  type HostRequest,
  type HostTheme,
} from '@callgather/protocol'
import { acceptFrame, MAX_MESSAGES_PER_SECOND } from '../bridge/channel.ts'
import { checkEvent } from '../bridge/check-message.ts'

/** The options of `mountCallGather`. */
export interface MountOptions {
  /** The address of the frame: the server's base path and `/embed`, such as `https://calls.example.com/callgather/embed`. */
  readonly src: string
  /**
   * Returns a ticket from your backend. Called whenever the frame needs one. The ticket goes only to the origin of `src`.
   * After a failure, the frame asks again.
   */
  readonly getTicket: () => string | Promise<string>
  /** The `call_control_id` of the call to show. Default: the list of calls. */
  readonly callId?: string | null | undefined
  /** The colours. Default `auto`, which follows the operating system. */
  readonly theme?: HostTheme | undefined
  /** The language as a BCP 47 tag, such as `pt-BR`. Default: the language of the browser. */
  readonly locale?: string | undefined
  /** The sections of the panel to show. Default: all. */
  readonly features?: readonly HostFeature[] | undefined
  /** A fixed height in CSS pixels. Default `auto`: the frame is as high as its content. */
  readonly height?: number | 'auto' | undefined
  /** The title of the frame for screen readers. Default `CallGather`. */
  readonly title?: string | undefined
  /** How long the frame may take to answer after it was loaded, in milliseconds, until `frameUnreachable`. Default 15000. */
  readonly answerTimeoutMs?: number | undefined
  /**
   * Receives the events of the host contract. The script adds `error` events with the codes `frameUnreachable`,
   * `ticketFailed`, `unsupportedVersion`, `invalidMessage` and `tooManyMessages`.
   */
  readonly onEvent?: ((event: HostEvent) => void) | undefined
}

/** A mounted frame. After `destroy`, its methods do nothing. */
export interface CallGatherFrame {
  /** The frame in the page. */
  readonly element: HTMLIFrameElement
  /** Shows a call; `null` shows the list of calls. */
  selectCall(callId: string | null): void
  /** Changes the colours. */
  setTheme(theme: HostTheme): void
  /** Changes the language, a BCP 47 tag such as `pt-BR`. */
  setLocale(locale: string): void
  /** Moves the keyboard focus into the frame, once it is ready. */
  focus(): void
  /** Removes the frame and every listener, and disconnects its agent. */
  destroy(): void
}

const DEFAULT_TIMEOUT_MS = 15_000
/** A higher frame is a growth loop of its content and its height, not a panel. */
const MAX_HEIGHT = 20_000

/**
 * Mounts a frame at the end of `parent`, which must be in the document. The server must allow the page's origin.
 *
 * @throws when `src` is not an HTTP address, has a user name or password, or is not HTTPS on an HTTPS page.
 */
export function mountCallGather(parent: Element, options: MountOptions): CallGatherFrame {
  const { getTicket, onEvent, height = 'auto', answerTimeoutMs = DEFAULT_TIMEOUT_MS } = options
  const url = frameUrl(options.src)
  if (typeof getTicket !== 'function') fail('`getTicket` is not a function. Pass a function that returns a ticket')
  if (!parent.isConnected) fail('the element is not in the document. Add it first')
  let { callId = null, theme, locale } = options
  /** Leads to the document in the frame; `null` until it has greeted. */
  let session: MessagePort | null = null
  /** Whether the document speaks this version of the contract. Before, it gets no ticket. */
  let isReady = false
  let isFocusWanted = false
  let hasTicketFailed = false
  let isDestroyed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Loaded documents minus documents that have answered. A document may answer before it is loaded. */
  let unanswered = 0

  const publish = (event: HostEvent) => {
    try {
      onEvent?.(event)
    } catch (error) {
      reportError(error)
    }
  }
  const publishError = (code: string, detail: string) => publish({ type: 'error', code, detail, callId: null })
  const send = (request: HostRequest) => session?.postMessage(request)

  const answerTicket = async (requestId: string) => {
    const asking = session
    let ticket: string | null = null
    try {
      const given: unknown = await getTicket()
      if (typeof given !== 'string' || given === '') throw new Error('it returned no ticket')
      ticket = given
      hasTicketFailed = false
    } catch (error) {
      const reason = error instanceof Error ? error.message : ''
      if (!hasTicketFailed && !isDestroyed)
        publishError(
          'ticketFailed',
          `getTicket failed (${reason}). Check its request to your backend. The frame asks again.`,
        )
      hasTicketFailed = true
    }
    // A document that was loaded in the meantime asks for its own ticket.
    if (session === asking && isReady) send({ type: 'ticket', requestId, ticket })
  }

  const receive = (given: unknown) => {
    const { message: event, refused } = checkEvent(given)
    clearTimeout(timer)
    if (!event) {
      // A frame of a later release may have further events.
      if (refused.code !== 'unknownMessage') publish(refused)
      return
    }
    if (event.type === 'ready') {
      isReady = true
      unanswered = Math.max(unanswered - 1, -1)
      if (isFocusWanted) focus()
    }
    if (!isReady && event.type !== 'error') return
    if (event.type === 'ticket-needed') answerTicket(event.requestId).catch(reportError)
    if (event.type === 'call-selected') callId = event.callId
    if (event.type === 'resize' && height === 'auto') frame.style.height = `${Math.min(event.height, MAX_HEIGHT)}px`
    publish(event)
  }

  const start = (port: MessagePort) => {
    session = port
    isReady = false
    // A copy, because a list of a framework may be a proxy, which can't be sent.
    const features = options.features && [...options.features]
    send({ type: 'init', contract: HOST_CONTRACT, version: HOST_CONTRACT_VERSION, callId, theme, locale, features })
  }

  const waitForAnswer = () => {
    clearTimeout(timer)
    timer = setTimeout(
      () =>
        publishError(
          'frameUnreachable',
          `The frame at ${url.origin}${url.pathname} does not answer. Check \`src\`, that the server has @callgather/embed, and that its allowed origins contain ${location.origin}.`,
        ),
      answerTimeoutMs,
    )
  }

  const focus = () => {
    isFocusWanted = !isReady
    frame.focus()
    send({ type: 'focus' })
  }

  const frame = document.createElement('iframe')
  frame.title = options.title ?? 'CallGather'
  frame.allow = 'clipboard-write; autoplay'
  frame.referrerPolicy = 'no-referrer'
  Object.assign(frame.style, { display: 'block', width: '100%', border: '0' })
  if (height !== 'auto') frame.style.height = `${height}px`
  frame.src = url.href
  frame.addEventListener('load', () => {
    if (++unanswered > 0) waitForAnswer()
  })
  const closeChannel = acceptFrame(frame, url.origin, {
    onConnect: start,
    onMessage: receive,
    onFlood: () =>
      publishError(
        'tooManyMessages',
        `The frame sent more than ${MAX_MESSAGES_PER_SECOND} events in a second. The rest is dropped.`,
      ),
  })
  parent.append(frame)
  waitForAnswer()

  return {
    element: frame,
    selectCall: (next) => {
      callId = next
      send({ type: 'select-call', callId })
    },
    setTheme: (next) => {
      theme = next
      send({ type: 'set-theme', theme })
    },
    setLocale: (next) => {
      locale = next
      send({ type: 'set-locale', locale })
    },
    focus,
    destroy: () => {
      isDestroyed = true
      clearTimeout(timer)
      session = null
      closeChannel()
      frame.remove()
    },
  }
}

function frameUrl(src: string): URL {
  const url = URL.canParse(src, location.href) ? new URL(src, location.href) : null
  if (!url || !/^https?:$/.test(url.protocol))
    return fail('`src` is not an HTTP address. Pass the address of the server and `/embed`')
  if (url.username !== '' || url.password !== '')
    return fail('`src` contains a user name or password. Remove them; the agent signs in with `getTicket`')
  if (location.protocol === 'https:' && url.protocol === 'http:')
    return fail('`src` is not HTTPS, but this page is, so browsers block the frame. Serve it over HTTPS')
  return url
}

function fail(why: string): never {
  throw new Error(`mountCallGather: ${why}.`)
}
