import type { UseAIGatherResult } from '../../hooks/use-ai-gather.ts'
import { createPartContext } from '../part/part-context.ts'

interface FieldsContext {
  readonly view: UseAIGatherResult<unknown>
  /** What was known of each field when they came on screen: what changes after that is news. */
  readonly firstSeen: ReadonlyMap<string, unknown>
}

export const [FieldsProvider, useFields] = createPartContext<FieldsContext>('GatherFieldsParts')
