import type { UseAIGatherResult } from '../../hooks/use-ai-gather.ts'
import { createPartContext } from '../part/part-context.ts'

interface FieldsContext {
  readonly view: UseAIGatherResult<unknown>
  /** The field values on first render. Only later changes are announced and get `data-fresh`. */
  readonly firstSeen: ReadonlyMap<string, unknown>
}

export const [FieldsProvider, useFields] = createPartContext<FieldsContext>('GatherFieldsParts')
