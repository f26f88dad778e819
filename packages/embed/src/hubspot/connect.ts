import type { HostEvent } from '@callgather/protocol'
import CallingExtensions from '@hubspot/calling-extensions-sdk'
import { HubSpotCalls } from './calls.ts'
import { type EngagementTexts, englishTexts } from './engagement.ts'

/** What HubSpot sends when its user clicks a number. The list is open: HubSpot adds fields. */
export interface HubSpotDial {
  /** The number to call. */
  readonly phoneNumber: string
  /** The id of the record that the number belongs to. */
  readonly objectId?: number | undefined
  /** The type of that record, such as `CONTACT` or `COMPANY`. */
  readonly objectType?: string | undefined
  readonly [field: string]: unknown
}

/** The options of `connectHubSpot`. */
export interface ConnectHubSpotOptions {
  /** Places a call, because the user clicked a number in HubSpot. The call's own events then follow as usual. */
  onDial?: ((phoneNumber: string, dial: HubSpotDial) => void) | undefined
  /** Ends the call that HubSpot asks to end. */
  onEndCall?: ((data: unknown) => void) | undefined
  /** HubSpot hid, minimised or showed the widget. */
  onVisibilityChange?: ((data: unknown) => void) | undefined
  /** The records with the caller's number. To open one, call `sdk.navigateToRecord`. */
  onCallerIdMatch?: ((data: unknown) => void) | undefined
  /** HubSpot reports a failure: the `type` of its message, such as `UPDATE_ENGAGEMENT_FAILED`, and the data. */
  onFailure?: ((type: string, data: unknown) => void) | undefined
  /**
   * Whether agents finish a wrap-up form. Then a call is completed in HubSpot by `wrap-up-saved`. Without a form, `wrap-up`
   * completes an answered call, and its end completes a call that was not answered. Default: `true`.
   */
  hasWrapUp?: boolean | undefined
  /** Whether HubSpot creates the engagements of the calls. Default: `true`. */
  createEngagement?: boolean | undefined
  /** HubSpot's ids of call outcomes by the ids of your dispositions. An id without an entry is sent unchanged. */
  dispositions?: Readonly<Record<string, string>> | undefined
  /** The title and the body of an engagement. Default: English texts with the note and the collected values. */
  texts?: Partial<EngagementTexts> | undefined
  /** Whether the agent takes calls from the start. Default: `true`. */
  isAvailable?: boolean | undefined
}

/** The part of HubSpot's `CallingExtensions` that opens records. At run time, it is the whole object. */
export interface HubSpotSdk {
  /** Opens a contact (`0-1`) or a company (`0-2`). */
  navigateToRecord(record: {
    objectCoordinates: { portalId: number; objectTypeId: '0-1' | '0-2'; objectId: number }
    openIn?: 'CURRENT_TAB' | 'NEW_TAB'
  }): void
}

/** A connection to HubSpot. */
export interface HubSpotConnection {
  /** Takes an event of the host contract. Pass only events of the agent's own calls. */
  readonly handle: (event: HostEvent) => void
  /** Takes the events of an element, such as `<callgather-panel>`. Returns a function that stops. */
  readonly listen: (element: EventTarget) => () => void
  /** Reports to HubSpot whether the agent takes calls. */
  readonly setAvailable: (isAvailable: boolean) => void
  /** Stops, and removes the listeners of HubSpot's SDK. */
  readonly stop: () => void
  /** HubSpot's SDK, for messages that this adapter does not send. It drops messages before HubSpot is ready. */
  readonly sdk: HubSpotSdk
}

/** The maximum number of messages that wait for HubSpot. Above it, the oldest message is dropped. */
const MAX_WAITING = 500

const eventTypes = [
  ...['connection', 'resize', 'call-ringing', 'call-answered', 'call-ended'],
  ...['gather-started', 'collected', 'wrap-up', 'wrap-up-saved'],
]

/**
 * Connects CallGather to HubSpot's calling extensions. The page must be the calling widget that HubSpot frames. Messages
 * wait until HubSpot is ready. Values are sent as the server masked them, and escaped.
 *
 * Allow only HubSpot to frame the page: the SDK accepts its first message from any window.
 */
export function connectHubSpot(options: ConnectHubSpotOptions = {}): HubSpotConnection {
  const { hasWrapUp = true, createEngagement = true, dispositions = {} } = options
  let isAvailable = options.isAvailable ?? true
  let isReady = false
  let isLoggedIn = true
  let size = ''
  const waiting: (() => void)[] = []
  const send = (run: () => void) => {
    if (isReady) run()
    else {
      waiting.push(run)
      if (waiting.length > MAX_WAITING) waiting.shift()
    }
  }

  const onReady = (data: unknown) => {
    isReady = true
    const engagementId = numberOf(data, 'engagementId')
    if (engagementId !== null) calls.resume(engagementId)
    sdk.initialized({ isLoggedIn, ...(engagementId === null ? {} : { engagementId }) })
    if (isAvailable) sdk.userAvailable()
    else sdk.userUnavailable()
    for (const run of waiting.splice(0)) run()
  }
  const engagementCreated = (data: unknown) =>
    calls.engagementCreated(numberOf(data, 'engagementId'), textOf(data, 'externalCallId'))
  const handlers = {
    onReady,
    onCreateEngagementSucceeded: engagementCreated,
    onCreateEngagementFailed: (data: unknown, message: { type: string }) => {
      calls.engagementCreated(null, textOf(data, 'externalCallId'))
      options.onFailure?.(message.type, data)
    },
    onDialNumber: (data: unknown) => {
      const phoneNumber = textOf(data, 'phoneNumber')
      if (phoneNumber !== undefined) options.onDial?.(phoneNumber, { ...Object(data), phoneNumber })
    },
    onEndCall: (data: unknown) => options.onEndCall?.(data),
    onVisibilityChanged: (data: unknown) => options.onVisibilityChange?.(data),
    onCallerIdMatchSucceeded: (data: unknown) => options.onCallerIdMatch?.(data),
    // The SDK never calls `onFailed`, so failures are recognised by the type of their message.
    defaultEventHandler: (data: unknown, message: { type: string }) => {
      if (String(message.type).endsWith('_FAILED')) options.onFailure?.(message.type, data)
    },
  }
  // The SDK's type requires every handler, but the SDK itself falls back to `defaultEventHandler`.
  const eventHandlers = handlers as unknown as ConstructorParameters<typeof CallingExtensions>[0]['eventHandlers']
  const sdk = new CallingExtensions({ debugMode: false, eventHandlers })
  const calls = new HubSpotCalls(
    {
      incomingCall: (info) => send(() => sdk.incomingCall(info)),
      outgoingCall: (info) => send(() => sdk.outgoingCall(info)),
      callAnswered: (info) => send(() => sdk.callAnswered(info)),
      callEnded: (info) => send(() => sdk.callEnded(info)),
      callCompleted: (info) => send(() => sdk.callCompleted(info)),
    },
    { hasWrapUp, createEngagement, dispositions, texts: { ...englishTexts, ...options.texts } },
  )

  const handle = (event: HostEvent): void => {
    if (event.type === 'resize') {
      const { width, height } = event
      if (size === `${width} ${height}`) return
      size = `${width} ${height}`
      send(() => sdk.resizeWidget({ width, height }))
    } else if (event.type === 'connection') {
      const isRefused = event.status === 'refused'
      if (isRefused !== isLoggedIn || (!isRefused && event.status !== 'live')) return
      isLoggedIn = !isRefused
      if (isReady) sdk[isLoggedIn ? 'userLoggedIn' : 'userLoggedOut']()
    } else calls.handle(event)
  }

  return {
    handle,
    listen: (element) => {
      const take = (event: Event) => handle((event as CustomEvent<HostEvent>).detail)
      for (const type of eventTypes) element.addEventListener(type, take)
      return () => {
        for (const type of eventTypes) element.removeEventListener(type, take)
      }
    },
    setAvailable: (next) => {
      isAvailable = next
      if (isReady) sdk[next ? 'userAvailable' : 'userUnavailable']()
    },
    stop: () => {
      isReady = false
      calls.stop()
      sdk.iFrameManager.remove()
    },
    sdk,
  }
}

function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[name] : undefined
}

function textOf(data: unknown, name: string): string | undefined {
  const value = fieldOf(data, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** HubSpot sends some ids as numbers and some as texts. */
function numberOf(data: unknown, name: string): number | null {
  const value = Number(fieldOf(data, name) ?? Number.NaN)
  return Number.isSafeInteger(value) && value > 0 ? value : null
}
