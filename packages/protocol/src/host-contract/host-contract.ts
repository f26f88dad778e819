/**
 * The messages between CallGather and the page that hosts it. React's `onEvent`, the elements' DOM events and the
 * iframe's messages all use them.
 *
 * No message holds a masked digit. Only the `ticket` request carries a credential. A new event type or optional field
 * does not raise `HOST_CONTRACT_VERSION`, so a reader must ignore event types and fields that it does not know.
 */
import type { Mask } from '../base/mask.ts'
import type { GatherName } from '../commands/command-name.ts'
import type { CollectedItem } from '../views/collected.ts'
import type { HungUpBy } from '../views/status.ts'

/** Names the contract in `ready` and `init`, so that a page can ignore messages of other scripts. */
export const HOST_CONTRACT = 'callgather'

/** The version of the host contract, raised when a host or panel of the previous version would misread a message. */
export const HOST_CONTRACT_VERSION = 1

/** The colours of the panel; `auto` follows the operating system. */
export type HostTheme = 'light' | 'dark' | 'auto'

/** A section of the panel that a host can show or leave out. */
export type HostFeature = 'controls' | 'transcript' | 'assistant' | 'timeline' | 'collected' | 'wrap-up'

/** The call that an event is about. */
export interface HostCall {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  /** Telnyx's `call_session_id`, which joins the legs of one call; `null` if unknown, as for a call of a list. */
  readonly sessionId: string | null
  /** The calling number or SIP address; `null` if unknown. */
  readonly from: string | null
  /** The called number or SIP address; `null` if unknown. */
  readonly to: string | null
  /** The direction of the call as Telnyx reports it: `incoming` or `outgoing`; `null` if unknown. */
  readonly direction: string | null
}

/** The gather that an event is about. */
export interface HostGather extends HostCall {
  /** The `command_id` that started the gather; the id of its ending event if it was not started through CallGather. */
  readonly gatherId: string
  /** Whether the gather collects keys or the fields of an AI gather. */
  readonly kind: 'digits' | 'fields'
  /** The command that started the gather; `null` if it was not started through CallGather. */
  readonly command: GatherName | null
  /** The mask of the caller's input; `null` when the input is not masked. */
  readonly mask: Mask | null
}

/** The panel is mounted and accepts requests. It is the first event that a host receives. */
export interface HostReadyEvent {
  readonly type: 'ready'
  /** Always `HOST_CONTRACT`. */
  readonly contract: typeof HOST_CONTRACT
  /** The panel's `HOST_CONTRACT_VERSION`. */
  readonly version: number
  /** The `call_control_id` of the selected call; `null` if no call is selected. */
  readonly callId: string | null
}

/** The size of the panel's content changed. */
export interface HostResizeEvent {
  readonly type: 'resize'
  /** The width of the embedded panel in CSS pixels. */
  readonly width: number
  /** The height of the content in CSS pixels. */
  readonly height: number
}

/** The connection to the CallGather server changed. */
export interface HostConnectionEvent {
  readonly type: 'connection'
  /** The state of the connection; the same values as `useConnection().status`. */
  readonly status: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed'
  /** Whether the server cannot reach its store. Updates are paused until the store is back. */
  readonly isDegraded: boolean
  /** When the next connection attempt starts: ISO 8601, UTC. `null` when no attempt is scheduled. */
  readonly retryAt: string | null
}

/** A call is ringing. */
export interface HostCallRingingEvent extends HostCall {
  readonly type: 'call-ringing'
  /** The caller's name from the telephone network; `null` if unknown. */
  readonly callerName: string | null
  /** When the call started to ring: ISO 8601, UTC. */
  readonly at: string
}

/** A call was answered. */
export interface HostCallAnsweredEvent extends HostCall {
  readonly type: 'call-answered'
  /** When the call was answered: ISO 8601, UTC. */
  readonly at: string
}

/** The agent opened a call in a list of calls, or went back to the list. A `select-call` request does not cause it. */
export interface HostCallSelectedEvent {
  readonly type: 'call-selected'
  /** The `call_control_id` of the opened call; `null` after the agent went back to the list. */
  readonly callId: string | null
}

/** A call ended. */
export interface HostCallEndedEvent extends HostCall {
  readonly type: 'call-ended'
  /** When the call started: ISO 8601, UTC. `null` if unknown. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC. `null` if the call was not answered, or the time is unknown. */
  readonly answeredAt: string | null
  /** Which party hung up; `null` if Telnyx did not report it. */
  readonly hungUpBy: HungUpBy | null
  /**
   * Why the call ended: Telnyx's hangup cause, such as `normal_clearing`; an open list. `null` if Telnyx sent none, or if
   * only a list of calls shows the call.
   */
  readonly cause: string | null
  /** When the call ended: ISO 8601, UTC. */
  readonly at: string
}

/** A gather started. */
export interface HostGatherStartedEvent extends HostGather {
  readonly type: 'gather-started'
  /** The subject of the agent's ticket; `null` if the gather was not started through CallGather. */
  readonly requestedBy: string | null
  /** When the gather was requested: ISO 8601, UTC. */
  readonly at: string
}

/** A gather ended. Its values follow as `collected` events. */
export interface HostGatherEndedEvent extends HostGather {
  readonly type: 'gather-ended'
  /** How the gather ended: Telnyx's status, such as `valid` or `timeout`; an open list. `null` if Telnyx sent none. */
  readonly outcome: string | null
  /** How many attempts the caller made; `null` for an AI gather. */
  readonly attempts: number | null
  /** When the gather ended: ISO 8601, UTC. */
  readonly at: string
}

/** A gather collected a value. A digit gather publishes one event; an AI gather publishes an event for each field. */
export interface HostCollectedEvent extends HostCall, CollectedItem {
  readonly type: 'collected'
}

/**
 * A summary of an ended call and all its collected values, for the host's own records. It is published without the
 * agent's doing, once the log of a watched call is complete.
 */
export interface HostWrapUpEvent extends HostCall {
  readonly type: 'wrap-up'
  /** When the call started: ISO 8601, UTC. `null` if unknown. */
  readonly startedAt: string | null
  /** When the call ended: ISO 8601, UTC. */
  readonly endedAt: string
  /** Every value collected on the call, oldest first. */
  readonly collected: readonly CollectedItem[]
  /** When the event was made: ISO 8601, UTC. */
  readonly at: string
}

/** The agent finished the wrap-up of an ended call. It is published once, when `onWrapUp` of the host has resolved. */
export interface HostWrapUpSavedEvent extends HostCall {
  readonly type: 'wrap-up-saved'
  /** The agent's note, without leading and trailing spaces. Empty if there is none. */
  readonly note: string
  /** The `id` of the chosen disposition; `null` if none is chosen. */
  readonly disposition: string | null
  /** Every value collected on the call, oldest first. */
  readonly collected: readonly CollectedItem[]
  /** When the call started: ISO 8601, UTC. `null` if unknown. */
  readonly startedAt: string | null
  /** When the call ended: ISO 8601, UTC. */
  readonly endedAt: string
  /** When the agent finished the wrap-up: ISO 8601, UTC. */
  readonly at: string
}

/** The panel needs a ticket. The host answers with a `ticket` request. */
export interface HostTicketNeededEvent {
  readonly type: 'ticket-needed'
  /** Identifies the question; the answer repeats it. */
  readonly requestId: string
}

/** Reports a failure that the agent cannot fix. */
export interface HostErrorEvent {
  readonly type: 'error'
  /**
   * What failed. `unsupportedVersion`: the sender of a message uses another version of this contract. `unknownMessage`:
   * this version has no message of that type. `invalidMessage`: a field is missing or malformed. An open list: further
   * codes are those of `GatherClientError`.
   */
  readonly code: string
  /** A text for developers, in English: what failed, why, and how to fix it. It never quotes the refused message. */
  readonly detail: string
  /** The `call_control_id` of the call that the error is about; `null` if the error is not about a call. */
  readonly callId: string | null
}

/** A message from CallGather to its host. */
export type HostEvent =
  | HostReadyEvent
  | HostResizeEvent
  | HostConnectionEvent
  | HostCallRingingEvent
  | HostCallAnsweredEvent
  | HostCallSelectedEvent
  | HostCallEndedEvent
  | HostGatherStartedEvent
  | HostGatherEndedEvent
  | HostCollectedEvent
  | HostWrapUpEvent
  | HostWrapUpSavedEvent
  | HostTicketNeededEvent
  | HostErrorEvent

/** Starts the panel; the first request of a host. The panel replies with `ready`, or with `error` and the reason. */
export interface HostInitRequest {
  readonly type: 'init'
  /** Always `HOST_CONTRACT`. */
  readonly contract: typeof HOST_CONTRACT
  /** The host's `HOST_CONTRACT_VERSION`. */
  readonly version: number
  /** The `call_control_id` of the call to show. Default: no call until a `select-call` request. */
  readonly callId?: string | null | undefined
  /** The colours of the panel. Default: `auto`. */
  readonly theme?: HostTheme | undefined
  /** The language of the panel as a BCP 47 tag, such as `pt-BR`. Default: the language of the browser. */
  readonly locale?: string | undefined
  /** The sections of the panel to show. Default: all sections. */
  readonly features?: readonly HostFeature[] | undefined
}

/** Answers a `ticket-needed` event. No other message carries a secret. */
export interface HostTicketRequest {
  readonly type: 'ticket'
  /** The `requestId` of the `ticket-needed` event. */
  readonly requestId: string
  /** The agent's ticket, which is secret; `null` when the host has none, for example after its user signed out. */
  readonly ticket: string | null
}

/** Selects the call that the panel shows. */
export interface HostSelectCallRequest {
  readonly type: 'select-call'
  /** Telnyx's `call_control_id` of the call to show; `null` shows no call. */
  readonly callId: string | null
}

/** Changes the colours of the panel. */
export interface HostSetThemeRequest {
  readonly type: 'set-theme'
  /** The new colours. */
  readonly theme: HostTheme
}

/** Changes the language of the panel. */
export interface HostSetLocaleRequest {
  readonly type: 'set-locale'
  /** The language of the panel as a BCP 47 tag, such as `pt-BR`. */
  readonly locale: string
}

/** Moves the keyboard focus into the panel. */
export interface HostFocusRequest {
  readonly type: 'focus'
}

/** Disconnects and removes the panel; the last request of a host. */
export interface HostDestroyRequest {
  readonly type: 'destroy'
}

/** A message from a host to CallGather. */
export type HostRequest =
  | HostInitRequest
  | HostTicketRequest
  | HostSelectCallRequest
  | HostSetThemeRequest
  | HostSetLocaleRequest
  | HostFocusRequest
  | HostDestroyRequest
