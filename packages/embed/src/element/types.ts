/** The elements as a host's TypeScript sees them. */
import type { HostEvent, HostFeature, HostTheme } from '@callgather/protocol'
import type { AnswerCall, Disposition, GetTicket, Preset, StringOverrides, WrapUpRecord } from '@callgather/react'

import type { CallDescription, DescribeCall } from '@callgather/react/wall'
import type { Density } from './attributes.ts'

export type {
  en,
  FieldDraft,
  FieldType,
  IconName,
  Message,
  MessageText,
  MessageValueNames,
  MessageValues,
  PlainStringKey,
  Plural,
  StringKey,
  WrapUpSummary,
} from '@callgather/react'
export type {
  AnswerCall,
  CallDescription,
  Density,
  DescribeCall,
  Disposition,
  GetTicket,
  HostEvent,
  HostFeature,
  HostTheme,
  Preset,
  StringOverrides,
  WrapUpRecord,
}

/** The properties of all elements. Except for `getTicket` and `strings`, they reflect attributes. */
export interface CallGatherProperties {
  /** The origin of the CallGather server, such as `https://calls.example.com`; empty for the origin of the page. */
  url: string | null
  /** Fetches a ticket from your backend. Keep the function stable: another function counts as another agent. */
  getTicket: GetTicket | undefined
  /** The base path of the server. Attribute `base-path`. Default `/callgather`. */
  basePath: string | null
  /** The language as a BCP 47 tag. Default: the `lang` of the page, or English. */
  locale: string | null
  /** The colours. Default: those of the page's `color-scheme`. */
  theme: HostTheme | null
  /** The size of the controls. Default `comfortable`. */
  density: Density | null
  /** Strings that override the language. Keep the object stable. */
  strings: StringOverrides | undefined
}

/** The properties of an element that shows one call. */
export interface CallProperties extends CallGatherProperties {
  /** The `call_control_id` of the call. Attribute `call-id`. */
  callId: string | null
}

/** The properties of `<callgather-panel>`. */
export interface PanelProperties extends CallProperties {
  /** The sections to leave out, separated by spaces: names of `HostFeature`. An array may be assigned. */
  hide: string | null
  /** The id in Telnyx of the assistant that the panel starts. Attribute `assistant-id`. */
  assistantId: string | null
  /** The presets offered as buttons. Default: the templates of the server, or five common ones. */
  presets: readonly Preset[] | undefined
  /** Common messages to the assistant, offered as buttons. */
  suggestions: readonly string[] | undefined
  /** The results from which the agent must choose one in the wrap-up. */
  dispositions: readonly Disposition[] | undefined
  /** Saves the finished wrap-up. If it throws or rejects, the agent keeps the draft and can try again. */
  saveWrapUp: ((record: WrapUpRecord) => unknown) | undefined
}

/** The properties of an element that shows all calls of the agent. */
export interface ListProperties extends CallGatherProperties {
  /** The `call_control_id` of the call that is open. The element sets it when the agent selects a call. */
  selected: string | null
  /** The id of the element that shows the selected call, such as a `<callgather-panel>`. */
  for: string | null
}

/** The properties of `<callgather-calls>`. */
export interface CallsProperties extends ListProperties {
  /** Answers a ringing call with your softphone. Without it, the rows have no Answer button. */
  answer: AnswerCall | undefined
}

/** The properties of `<callgather-wall>`. */
export interface WallProperties extends ListProperties {
  /** Describes a call from your own records: its name, agent and team. Keep the function stable. */
  describeCall: DescribeCall | undefined
}

/** The properties of each element, by its name. */
export interface CallGatherElements {
  'callgather-panel': PanelProperties
  'callgather-dtmf': CallProperties
  'callgather-transcript': CallProperties
  'callgather-calls': CallsProperties
  'callgather-wall': WallProperties
}

/** The DOM events of the elements: the events of the host contract, with the message as `detail`. They don't bubble. */
export type CallGatherEventMap = {
  [Type in HostEvent['type']]: CustomEvent<Extract<HostEvent, { type: Type }>>
}

/** A custom element of CallGather. */
export interface CallGatherHTMLElement extends HTMLElement {
  addEventListener<Type extends keyof CallGatherEventMap>(
    type: Type,
    listener: (event: CallGatherEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void
}

declare global {
  interface HTMLElementTagNameMap {
    'callgather-panel': CallGatherHTMLElement & PanelProperties
    'callgather-dtmf': CallGatherHTMLElement & CallProperties
    'callgather-transcript': CallGatherHTMLElement & CallProperties
    'callgather-calls': CallGatherHTMLElement & CallsProperties
    'callgather-wall': CallGatherHTMLElement & WallProperties
  }
}
