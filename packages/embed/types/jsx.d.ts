/** Types for React's JSX: `import type {} from '@callgather/embed/jsx'`. React 18 sets attributes only, so assign functions by a ref. */
import type { CallGatherElements } from '@callgather/embed'
import type { DetailedHTMLProps, HTMLAttributes } from 'react'
import type { TemplateAttributes } from './attributes.js'

type Props<Name extends keyof CallGatherElements> = Omit<
  DetailedHTMLProps<HTMLAttributes<HTMLElementTagNameMap[Name]>, HTMLElementTagNameMap[Name]>,
  keyof CallGatherElements[Name]
> &
  TemplateAttributes<Name>

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'callgather-panel': Props<'callgather-panel'>
      'callgather-dtmf': Props<'callgather-dtmf'>
      'callgather-transcript': Props<'callgather-transcript'>
      'callgather-calls': Props<'callgather-calls'>
      'callgather-wall': Props<'callgather-wall'>
    }
  }
}
