import { useId } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from '../kit/button.tsx'
import { Problem } from '../kit/field.tsx'
import { useGatherForm } from './context.ts'
import { type FieldDraft, fieldTypes } from './field-drafts.ts'

/** Edits the fields of an AI gather, one field per row. */
export function FieldBuilder() {
  const { draft, setFields, fieldProblems } = useGatherForm('FieldBuilder')
  const { t } = useLanguage()
  const { fields } = draft
  const change = (id: number, part: Partial<FieldDraft>) =>
    setFields(fields.map((field) => (field.id === id ? { ...field, ...part } : field)))
  const add = () => {
    const id = Math.max(0, ...fields.map((field) => field.id)) + 1
    setFields([...fields, { id, name: '', type: 'string', options: '', required: true }])
  }
  return (
    <fieldset className="cg-builder">
      <legend className="cg-label">{t('builder.label')}</legend>
      {fields.map((field, index) => (
        <BuilderRow
          key={field.id}
          field={field}
          index={index}
          problem={fieldProblems[index] ?? null}
          onChange={(part) => change(field.id, part)}
          onRemove={() => setFields(fields.filter((it) => it.id !== field.id))}
        />
      ))}
      {fields.length === 0 && <Problem>{t('builder.empty')}</Problem>}
      <div>
        <Button icon="plus" size="small" onClick={add}>
          {t('builder.add')}
        </Button>
      </div>
    </fieldset>
  )
}

interface BuilderRowProps {
  readonly field: FieldDraft
  readonly index: number
  readonly problem: 'builder.unnamed' | 'builder.duplicate' | 'builder.noOptions' | null
  readonly onChange: (part: Partial<FieldDraft>) => void
  readonly onRemove: () => void
}

function BuilderRow({ field, index, problem, onChange, onRemove }: BuilderRowProps) {
  const { t } = useLanguage()
  const id = useId()
  const title = field.name.trim() || t('builder.field', { index: index + 1 })
  const inOptions = problem === 'builder.noOptions'
  const invalid = { 'aria-invalid': true, 'aria-describedby': `${id}problem` } as const
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a grid in every browser
    <div className="cg-builder-row" role="group" aria-label={title}>
      <input
        className="cg-input"
        aria-label={t('builder.name')}
        placeholder={t('builder.name')}
        value={field.name}
        dir="auto"
        {...(problem && !inOptions ? invalid : {})}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <select
        className="cg-input"
        aria-label={t('builder.type')}
        value={field.type}
        onChange={(event) => onChange({ type: event.currentTarget.value as FieldDraft['type'] })}
      >
        {fieldTypes.map((type) => (
          <option key={type} value={type}>
            {t(`builder.type.${type}`)}
          </option>
        ))}
      </select>
      <label className="cg-check">
        <input
          type="checkbox"
          checked={field.required}
          onChange={(event) => onChange({ required: event.currentTarget.checked })}
        />
        {t('builder.required')}
      </label>
      <Button
        icon="bin"
        variant="quiet"
        data-icon-only=""
        aria-label={t('builder.remove', { name: title })}
        onClick={onRemove}
      />
      {field.type === 'enum' && (
        <input
          data-wide=""
          className="cg-input"
          aria-label={t('builder.options')}
          placeholder={t('builder.options')}
          value={field.options}
          dir="auto"
          {...(inOptions ? invalid : {})}
          onChange={(event) => onChange({ options: event.currentTarget.value })}
        />
      )}
      {problem && (
        <Problem id={`${id}problem`} data-wide="">
          {t(problem)}
        </Problem>
      )}
    </div>
  )
}
