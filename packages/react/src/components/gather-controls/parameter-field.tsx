import { useLanguage } from '../../strings/strings-context.tsx'
import { Field } from '../kit/field.tsx'
import type { GatherParameter } from './parameters.ts'
import { Parameter, type ParameterState } from './parts.tsx'

const terminators = ['#', '*', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

/** A parameter of the gather form with its label, control and problem. */
export function ParameterField({ parameter }: { readonly parameter: GatherParameter }) {
  const wide = parameter.input === 'speech' || parameter.input === 'address'
  return (
    <Parameter parameter={parameter}>
      {(state) => (
        <Field {...state} wide={wide}>
          {(control) => <Control parameter={parameter} state={state} control={control} />}
        </Field>
      )}
    </Parameter>
  )
}

interface ControlProps {
  readonly parameter: GatherParameter
  readonly state: ParameterState
  readonly control: object
}

function Control({ parameter, state, control }: ControlProps) {
  const { t } = useLanguage()
  const { value, set, placeholder } = state
  const common = {
    ...control,
    value,
    onChange: (event: { currentTarget: { value: string } }) => set(event.currentTarget.value),
  }
  switch (parameter.input) {
    case 'speech':
      return <textarea {...common} rows={2} dir="auto" />
    case 'terminator':
      return (
        <select {...common}>
          <option value="">#</option>
          {terminators.slice(1).map((key) => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
          <option value="none">{t('controls.terminatorNone')}</option>
        </select>
      )
    case 'count':
    case 'seconds':
      return (
        <input
          {...common}
          inputMode={parameter.input === 'count' ? 'numeric' : 'decimal'}
          placeholder={placeholder}
          autoComplete="off"
        />
      )
    case 'address':
      return <input {...common} type="url" dir="ltr" placeholder="https://" autoComplete="off" />
    case 'keys':
    case 'text':
      return <input {...common} dir="ltr" placeholder={placeholder} autoComplete="off" spellCheck={false} />
  }
}
