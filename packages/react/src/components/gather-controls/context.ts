import { createPartContext } from '../part/part-context.ts'
import type { UseGatherDraftResult } from './use-gather-draft.ts'

interface FormContext extends UseGatherDraftResult {
  /** Creates element ids that are unique to this form. */
  readonly idOf: (name: string) => string
}

export const [FormProvider, useGatherForm] = createPartContext<FormContext>('GatherControlsParts')
