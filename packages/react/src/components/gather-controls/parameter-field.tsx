import { useLanguage } from '../../strings/strings-context.tsx'
import { Icon } from '../kit/icon.tsx'
import type { Parameter as ParameterSpec } from './parameters.ts'
import { Parameter, type ParameterState } from './parts.tsx'

const terminators = ['#', '*', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

/** One parameter, with its label, its control, and what is wrong with it. */
export function ParameterField({ parameter }: { readonly parameter: ParameterSpec }) {
  const wide = parameter.input === 'speech' || parameter.input === 'address'
  return (
    <Parameter parameter={parameter}>
      {(state) => (
        <div className="cg-field" {...(wide ? { 'data-wide': '' } : {})}>
          <label className="cg-label" htmlFor={state.id}>
            {state.label}
          </label>
          <Control parameter={parameter} state={state} />
          {state.problem ? (
            <p className="cg-problem" id={`${state.id}-problem`}>
              <Icon name="alert" />
              {state.problem}
            </p>
          ) : (
            state.hint && (
              <p className="cg-hint" id={`${state.id}-hint`}>
                {state.hint}
              </p>
            )
          )}
        </div>
      )}
    </Parameter>
  )
}

function Control({ parameter, state }: { readonly parameter: ParameterSpec; readonly state: ParameterState }) {
  const { t } = useLanguage()
  const { id, value, set, problem, hint, placeholder } = state
  const describedBy = problem ? `${id}-problem` : hint ? `${id}-hint` : undefined
  const common = {
    id,
    className: 'cg-input',
    value,
    'aria-invalid': problem ? true : undefined,
    'aria-describedby': describedBy,
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
    case 'millis':
      return <input {...common} inputMode="numeric" placeholder={placeholder} autoComplete="off" />
    case 'address':
      return <input {...common} type="url" dir="ltr" placeholder="https://" autoComplete="off" />
    case 'keys':
    case 'text':
      return <input {...common} dir="ltr" placeholder={placeholder} autoComplete="off" spellCheck={false} />
  }
}
