import type { FieldState as GatherField } from '@callgather/protocol'
import { type ReactElement, useMemo, useState } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { textOfValue, visibleText } from '../../hooks/party.ts'
import type { StandardSchemaV1 } from '../../hooks/standard-schema.ts'
import { type UseAIGatherResult, useAIGather } from '../../hooks/use-ai-gather.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { FieldsProvider, useFields } from './context.ts'

/** The state of `GatherFieldsParts.Root`, as data attributes. */
export type RootState = { readonly status: string | null; readonly result: string }

/** The props of `GatherFieldsParts.Root`. */
export interface RootProps extends PartProps<'section', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Validates the result of the gather. */
  readonly schema?: StandardSchemaV1 | undefined
}

function CallRoot({ callId, schema, ...props }: RootProps & { readonly callId: string }) {
  const view: UseAIGatherResult<unknown> = useAIGather(callId, { schema: schema ?? anything })
  return <LoadedRoot key={view.gather?.id ?? 'none'} view={view} {...props} />
}

/** The section around the fields of a call's latest AI gather. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** A schema that accepts any result, used if the host passes no schema. */
const anything: StandardSchemaV1 = {
  '~standard': { version: 1, vendor: 'callgather', validate: (value) => ({ value }) },
}

function LoadedRoot({ view, ...props }: RootProps & { readonly view: UseAIGatherResult<unknown> }) {
  const [firstSeen] = useState(() => new Map(view.fields.map((field) => [field.name, field.value])))
  const guard = useTypingGuard()
  const context = useMemo(() => ({ view, firstSeen }), [view, firstSeen])
  const state = { status: view.gather?.status ?? null, result: view.result.status }
  return <FieldsProvider value={context}>{renderPart('section', props, guard, state)}</FieldsProvider>
}

/** The state of `GatherFieldsParts.Field`, as data attributes. */
export type FieldState = {
  readonly status: GatherField['status']
  readonly required: boolean
  /** Whether the field's value appeared or changed after the first render. */
  readonly fresh: boolean
}

/** The props of `GatherFieldsParts.Field`. */
export interface FieldProps extends PartProps<'div', FieldState> {
  readonly field: GatherField
}

/** One field of an AI gather. Put its `dt` and `dd` inside, and put the field in a `dl`. */
export function Field({ field, ...props }: FieldProps) {
  const { firstSeen } = useFields('Field')
  const fresh = field.status !== 'missing' && field.value !== firstSeen.get(field.name)
  return renderPart('div', props, {}, { status: field.status, required: field.required, fresh })
}

/** Announces the fields that the assistant heard or confirmed. */
export function Announcer() {
  const { view } = useFields('Announcer')
  const { t } = useLanguage()
  const known = view.fields.filter((field) => field.status !== 'missing')
  const [before, setBefore] = useState({ fields: view.fields, text: '' })
  if (before.fields !== view.fields) {
    const changed = known.filter((field) => {
      const old = before.fields.find((it) => it.name === field.name)
      return old?.value !== field.value || old?.status !== field.status
    })
    const said = changed.map((field) =>
      t(field.status === 'confirmed' ? 'fields.confirmed' : 'fields.heard', {
        field: field.label,
        value: textOfValue(field.value),
      }),
    )
    setBefore({ fields: view.fields, text: visibleText(said.join('. ')) })
  }
  return <LiveRegion text={before.text} />
}
