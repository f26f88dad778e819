import type { CommandBodies } from './command.ts'

/** The name of a command: the last segment of its Telnyx path. */
export type CommandName = keyof CommandBodies

/** The name of a command that starts a digit gather. */
export type DigitGatherName = 'gather' | 'gather_using_speak' | 'gather_using_audio'

/** The name of a command that starts a digit gather or an AI gather. */
export type GatherName = DigitGatherName | 'gather_using_ai'

/** The name of a command that starts a conversation with an AI. */
export type ConversationName = 'gather_using_ai' | 'ai_assistant_start'

// `satisfies` makes the compiler report a command name that is missing in this list.
const names = {
  gather: true,
  gather_using_speak: true,
  gather_using_audio: true,
  gather_using_ai: true,
  gather_stop: true,
  ai_assistant_start: true,
  ai_assistant_stop: true,
  ai_assistant_add_messages: true,
} satisfies Record<CommandName, true>

/** The names of the eight commands. */
export const commandNames = Object.keys(names) as CommandName[]

/** Whether a string, such as a path segment, names one of the eight commands. */
export const isCommandName = (name: string): name is CommandName => Object.hasOwn(names, name)

/** Whether a command starts a digit gather. */
export const isDigitGather = (name: string | undefined): name is DigitGatherName =>
  name === 'gather' || name === 'gather_using_speak' || name === 'gather_using_audio'

/** Whether a command starts a conversation with an AI. */
export const isConversation = (name: string | undefined): name is ConversationName =>
  name === 'gather_using_ai' || name === 'ai_assistant_start'

/** Whether a command starts a gather of any kind. */
export const isGather = (name: string | undefined): name is GatherName =>
  isDigitGather(name) || name === 'gather_using_ai'
