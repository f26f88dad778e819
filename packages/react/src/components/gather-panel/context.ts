import type { CallPhase } from '@callgather/protocol'
import { createPartContext } from '../part/part-context.ts'

interface PanelContext {
  readonly callId: string
  readonly titleId: string
  readonly phase: CallPhase
  /** Whether the panel cannot show the call, because the client has no state of it. */
  readonly gone: boolean
  /** Whether the agent may see the call but send no command. */
  readonly isViewOnly: boolean
}

export const [PanelProvider, usePanel] = createPartContext<PanelContext>('GatherPanelParts')
