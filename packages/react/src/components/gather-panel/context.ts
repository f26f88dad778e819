import type { CallPhase } from '@callgather/protocol'
import { createPartContext } from '../part/part-context.ts'

interface PanelContext {
  readonly callId: string
  readonly titleId: string
  readonly phase: CallPhase
  /** Whether the call cannot be shown because nothing of it is known. */
  readonly gone: boolean
}

export const [PanelProvider, usePanel] = createPartContext<PanelContext>('GatherPanelParts')
