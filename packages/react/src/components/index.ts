/** The components, and what a user needs to make their own of them. */
export { AssistantBar, type AssistantBarProps } from './assistant-bar/assistant-bar.tsx'
export { CallList, type CallListProps } from './call-list/call-list.tsx'
export { CallTimeline, type CallTimelineProps } from './call-timeline/call-timeline.tsx'
export {
  ConnectionBanner,
  ConnectionStatus,
  type ConnectionStatusProps,
} from './connection-status/connection-status.tsx'
export { DigitSlots, type DigitSlotsProps } from './digit-slots/digit-slots.tsx'
export { type Slot, type Slots, slotsOf } from './digit-slots/slots.ts'
export { DtmfPad, type DtmfPadProps } from './dtmf-pad/dtmf-pad.tsx'
export { bodyOf, type Draft } from './gather-controls/draft.ts'
export { type FieldDraft, type FieldType, schemaOf } from './gather-controls/field-drafts.ts'
export { GatherControls, type GatherControlsProps } from './gather-controls/gather-controls.tsx'
export { defaultPresets, type Preset } from './gather-controls/parameters.ts'
export { type GatherDraft, useGatherDraft } from './gather-controls/use-gather-draft.ts'
export { GatherFields, type GatherFieldsProps } from './gather-fields/gather-fields.tsx'
export { GatherPanel, type GatherPanelProps } from './gather-panel/gather-panel.tsx'
export { CommandButton, type CommandButtonProps, CommandNotice } from './kit/command-button.tsx'
export type { PartProps, PartState } from './part/part.tsx'
export { Transcript, type TranscriptProps } from './transcript/transcript.tsx'
