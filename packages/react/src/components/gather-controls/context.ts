import { createPartContext } from '../part/part-context.ts'
import type { UseGatherDraftResult } from './use-gather-draft.ts'

interface FormContext extends UseGatherDraftResult {
  /** Creates an element id that is unique to this gather form. */
  readonly idOf: (name: string) => string
}

export const [FormProvider, useGatherForm] = createPartContext<FormContext>('GatherControlsParts')
