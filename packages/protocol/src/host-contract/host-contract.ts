/**
 * The messages between CallGather and the page that hosts it. React's `onEvent`, the elements' DOM events and the
 * iframe's messages all use them.
 *
 * A message holds no ticket and no masked digit; only the `ticket` request carries a credential. A new event type or an
 * optional field keeps `HOST_CONTRACT_VERSION`, so a reader ignores what it does not know.
 */
import type { Mask } from '../base/mask.ts'
import type { GatherName } from '../commands/command-name.ts'
import type { HungUpBy } from '../views/status.ts'

/** Names the contract in `ready` and `init`, so that a page can ignore messages of other scripts. */
export const HOST_CONTRACT = 'callgather'

/** The version of the contract. Raised when a host or a panel of the previous version would misread a message. */
export const HOST_CONTRACT_VERSION = 1

/** The colours of the panel; `auto` follows the operating system. */
export type HostTheme = 'light' | 'dark' | 'auto'

/** A section of the panel that a host can show or leave out. */
export type HostFeature = 'controls' | 'transcript' | 'assistant' | 'timeline'

/** The call that an event is about. */
export interface HostCall {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  /** Telnyx's `call_session_id`, which joins the legs of one call; `null` if unknown. */
  readonly sessionId: string | null
  /** The calling number or SIP address; `null` if unknown. */
  readonly from: string | null
  /** The called number or SIP address; `null` if unknown. */
  readonly to: string | null
  /** `incoming` or `outgoing`, in Telnyx's words; `null` if unknown. */
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
  /** What is masked of the caller's input; `null` when nothing is. */
  readonly mask: Mask | null
}

/** A value that a gather collected, masked as the server masked it. */
export interface CollectedItem {
  /** The gather that collected the value: `gatherId` of its events. */
  readonly gatherId: string
  /** Whether the value is a string of keys or a field of an AI gather. */
  readonly kind: 'digits' | 'fields'
  /** Identifies the value within its gather: `digits`, or the path of a field, such as `address.city`. */
  readonly name: string
  /** The value's label as an agent reads it: the title of a field, or what the caller was asked. */
  readonly label: string
  /** The digits as a string, or the field as JSON; `null` when it is masked or missing. */
  readonly value: unknown
  /** How many digits the caller entered; `null` for a field, and where the mask hides the count. */
  readonly digitCount: number | null
  /** The last four digits, where the mask shows only those; otherwise `null`. */
  readonly last4: string | null
  /** What is masked of the value; `null` when nothing is. */
  readonly mask: Mask | null
  /** How the gather ended, in Telnyx's words, such as `valid` or `timeout`; an open list. `null` if Telnyx did not say. */
  readonly outcome: string | null
  /** When the value was collected: ISO 8601, UTC. */
  readonly at: string
}

/** The panel is mounted and accepts requests. The first event. */
export interface HostReadyEvent {
  readonly type: 'ready'
  /** Always `HOST_CONTRACT`. */
  readonly contract: typeof HOST_CONTRACT
  /** The panel's `HOST_CONTRACT_VERSION`. */
  readonly version: number
  /** The selected call; `null` if none is. */
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
  /** The state of the connection, as `useConnection().status`. */
  readonly status: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed'
  /** Whether the server has lost its store: updates are paused until it is back. */
  readonly isDegraded: boolean
  /** When the next attempt starts: ISO 8601, UTC. `null` when none is scheduled. */
  readonly retryAt: string | null
}

/** A call is ringing. */
export interface HostCallRingingEvent extends HostCall {
  readonly type: 'call-ringing'
  /** The caller's name as the network gives it; `null` if unknown. */
  readonly callerName: string | null
  /** When the call started to ring: ISO 8601, UTC. */
  readonly at: string
}

/** A call ended. */
export interface HostCallEndedEvent extends HostCall {
  readonly type: 'call-ended'
  /** When the call started: ISO 8601, UTC. `null` if unknown. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC. `null` if it was not, or if unknown. */
  readonly answeredAt: string | null
  /** Who hung up; `null` if Telnyx did not say. */
  readonly hungUpBy: HungUpBy | null
  /** Why the call ended, in Telnyx's words, such as `normal_clearing`; an open list. `null` if Telnyx did not say. */
  readonly cause: string | null
  /** When the call ended: ISO 8601, UTC. */
  readonly at: string
}

/** A gather started. */
export interface HostGatherStartedEvent extends HostGather {
  readonly type: 'gather-started'
  /** The subject of the ticket that started the gather; `null` if it was not started through CallGather. */
  readonly requestedBy: string | null
  /** When the gather was requested: ISO 8601, UTC. */
  readonly at: string
}

/** A gather ended. Its values follow as `collected` events. */
export interface HostGatherEndedEvent extends HostGather {
  readonly type: 'gather-ended'
  /** How the gather ended, in Telnyx's words, such as `valid` or `timeout`; an open list. `null` if Telnyx did not say. */
  readonly outcome: string | null
  /** How many attempts the caller made; `null` for an AI gather. */
  readonly attempts: number | null
  /** When the gather ended: ISO 8601, UTC. */
  readonly at: string
}

/** A gather collected a value: one event for the digits, or one for each field of an AI gather. */
export interface HostCollectedEvent extends HostCall, CollectedItem {
  readonly type: 'collected'
}

/** A call ended and everything it collected is known: what a host writes into its own record. */
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

/** The panel needs a ticket. The host answers with a `ticket` request. */
export interface HostTicketNeededEvent {
  readonly type: 'ticket-needed'
  /** Identifies the question; the answer repeats it. */
  readonly requestId: string
}

/** Something failed that the agent cannot fix. */
export interface HostErrorEvent {
  readonly type: 'error'
  /**
   * What failed. `unsupportedVersion`: the other side speaks another version of this contract. `unknownMessage`: it sent
   * a type that this version does not have. `invalidMessage`: a field is missing or malformed. Further codes are those of
   * `GatherClientError`. An open list.
   */
  readonly code: string
  /** What failed, why, and how to fix it: for developers, in English. It never quotes a message. */
  readonly detail: string
  /** The call that the error is about; `null` if it concerns none. */
  readonly callId: string | null
}

/** A message from CallGather to its host. */
export type HostEvent =
  | HostReadyEvent
  | HostResizeEvent
  | HostConnectionEvent
  | HostCallRingingEvent
  | HostCallEndedEvent
  | HostGatherStartedEvent
  | HostGatherEndedEvent
  | HostCollectedEvent
  | HostWrapUpEvent
  | HostTicketNeededEvent
  | HostErrorEvent

/** Starts the panel. The first request; the panel answers with `ready`, or with an `error` that names the reason. */
export interface HostInitRequest {
  readonly type: 'init'
  /** Always `HOST_CONTRACT`. */
  readonly contract: typeof HOST_CONTRACT
  /** The host's `HOST_CONTRACT_VERSION`. */
  readonly version: number
  /** The call to show. Default: none, until `select-call`. */
  readonly callId?: string | null | undefined
  /** The colours. Default: `auto`. */
  readonly theme?: HostTheme | undefined
  /** The language as a BCP 47 tag, such as `pt-BR`. Default: that of the browser. */
  readonly locale?: string | undefined
  /** The sections to show. Default: all. */
  readonly features?: readonly HostFeature[] | undefined
}

/** Answers `ticket-needed`. The only message that carries a secret. */
export interface HostTicketRequest {
  readonly type: 'ticket'
  /** The `requestId` of the `ticket-needed` event. */
  readonly requestId: string
  /** The ticket, secret; `null` when the host has none, for example because its user signed out. */
  readonly ticket: string | null
}

/** Shows another call. */
export interface HostSelectCallRequest {
  readonly type: 'select-call'
  /** Telnyx's `call_control_id`; `null` shows no call. */
  readonly callId: string | null
}

/** Changes the colours. */
export interface HostSetThemeRequest {
  readonly type: 'set-theme'
  /** The new colours. */
  readonly theme: HostTheme
}

/** Changes the language. */
export interface HostSetLocaleRequest {
  readonly type: 'set-locale'
  /** The language as a BCP 47 tag, such as `pt-BR`. */
  readonly locale: string
}

/** Moves the keyboard focus into the panel. */
export interface HostFocusRequest {
  readonly type: 'focus'
}

/** Disconnects and removes the panel. The last request. */
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
