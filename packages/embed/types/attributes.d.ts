import type { CallGatherElements } from '@callgather/embed'

/** The attributes of an element in a template, by their HTML names; properties that hold functions or lists keep theirs. */
export type TemplateAttributes<Name extends keyof CallGatherElements> = Partial<CallGatherElements[Name]> & {
  'call-id'?: string | undefined
  'base-path'?: string | undefined
  'assistant-id'?: string | undefined
}
