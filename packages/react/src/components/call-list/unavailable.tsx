import { Empty } from '../kit/notice.tsx'
import type { ListState } from './list-state.ts'

/** Says why no calls can be shown. For the call list and the wall. */
export const Unavailable = ({ state }: { readonly state: ListState }) => (
  <div role="alert">
    <Empty icon="offline" title={state.title}>
      {state.hint}
    </Empty>
  </div>
)
