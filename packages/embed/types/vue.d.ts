/** Types for Vue's templates: `import type {} from '@callgather/embed/vue'`. */
import type { CallGatherElements, CallGatherEventMap } from '@callgather/embed'
import type { HTMLAttributes } from 'vue'
import type { TemplateAttributes } from './attributes.js'

type Listeners = {
  [Type in keyof CallGatherEventMap as `on${Capitalize<Type>}`]?: (event: CallGatherEventMap[Type]) => unknown
}

type Element<Name extends keyof CallGatherElements> = new () => HTMLElementTagNameMap[Name] & {
  /** Only for the types of templates. */
  readonly $props: HTMLAttributes & Listeners & TemplateAttributes<Name>
}

declare module 'vue' {
  interface GlobalComponents {
    'callgather-panel': Element<'callgather-panel'>
    'callgather-dtmf': Element<'callgather-dtmf'>
    'callgather-transcript': Element<'callgather-transcript'>
    'callgather-calls': Element<'callgather-calls'>
    'callgather-wall': Element<'callgather-wall'>
  }
}
