/** Types for Svelte's templates: `import type {} from '@callgather/embed/svelte'`. */
import type { CallGatherElements, CallGatherEventMap } from '@callgather/embed'
import type { HTMLAttributes } from 'svelte/elements'
import type { TemplateAttributes } from './attributes.js'

type Listeners = { [Type in keyof CallGatherEventMap as `on${Type}`]?: (event: CallGatherEventMap[Type]) => unknown }

type Props<Name extends keyof CallGatherElements> = Omit<
  HTMLAttributes<HTMLElementTagNameMap[Name]>,
  keyof CallGatherElements[Name] | keyof Listeners
> &
  Listeners &
  TemplateAttributes<Name>

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'callgather-panel': Props<'callgather-panel'>
    'callgather-dtmf': Props<'callgather-dtmf'>
    'callgather-transcript': Props<'callgather-transcript'>
    'callgather-calls': Props<'callgather-calls'>
    'callgather-wall': Props<'callgather-wall'>
  }
}
