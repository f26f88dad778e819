import type { FieldState } from '@callgather/protocol'
import { type FormEvent, useId } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { useCallId } from '../../hooks/call-scope.tsx'
import { textOfValue, visibleText } from '../../hooks/party.ts'
import type { StandardSchemaV1 } from '../../hooks/standard-schema.ts'
import type { UseAIGatherResult } from '../../hooks/use-ai-gather.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { Chip } from '../kit/chip.tsx'
import { CommandButton, CommandNotice } from '../kit/command-button.tsx'
import { DeliveryNotice } from '../kit/delivery-notice.tsx'
import { Icon, type IconName } from '../kit/icon.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import { useBlocked } from '../kit/use-blocked.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { valueText } from '../kit/value-text.ts'
import { useFields } from './context.ts'
import * as parts from './parts.tsx'

/** The props of `GatherFields`. */
export interface GatherFieldsProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Validates the gather's result: any Standard Schema (zod, valibot, ArkType, …). The card shows the issues. */
  readonly schema?: StandardSchemaV1
}

/**
 * The fields of an AI gather with their status: missing, heard or confirmed. The agent can send the assistant a
 * corrected value.
 *
 * `GatherFieldsParts` has the unstyled parts of this component.
 */
export function GatherFields({ callId, schema }: GatherFieldsProps) {
  const { t } = useLanguage()
  const id = useId()
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} schema={schema} className="cg cg-card cg-fields" aria-labelledby={id} {...kept}>
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('fields.label')}
        </h3>
        <div className="cg-card-aside">
          <Progress />
        </div>
      </header>
      <Body />
      <Delivery />
    </parts.Root>
  )
}

/** The fields of an AI gather without a card around them, to use inside another card. */
export function FieldsBody() {
  const { t } = useLanguage()
  return (
    <parts.Root className="cg-fields" aria-label={t('fields.label')}>
      <Body />
    </parts.Root>
  )
}

function Delivery() {
  const { view } = useFields('Delivery')
  return <DeliveryNotice delivery={view.gather?.delivery} />
}

function Progress() {
  const { view } = useFields('Progress')
  const { t } = useLanguage()
  const { done, of } = view.progress
  if (!view.gather || of === 0) return null
  return (
    <span className="cg-progress" role="img" aria-label={t('fields.progressLabel', { done, of })}>
      <span className="cg-progress-bar">
        {view.fields.slice(0, 12).map((field) => (
          <i key={field.name} data-status={field.status} />
        ))}
      </span>
      {t('fields.progress', { done, of })}
    </span>
  )
}

function Body() {
  const { view } = useFields('Body')
  const { t } = useLanguage()
  if (view.fields.length === 0) {
    return (
      <Empty icon="fields" title={t('fields.empty')}>
        {t('fields.emptyHint')}
      </Empty>
    )
  }
  return (
    <>
      <dl className="cg-fields-list">
        {view.fields.map((field) => (
          <Field key={field.name} field={field} />
        ))}
      </dl>
      <Footer view={view} />
      <parts.Announcer />
    </>
  )
}

function Footer({ view }: { readonly view: UseAIGatherResult<unknown> }) {
  const { t } = useLanguage()
  const { result, correcting } = view
  const bad = correcting.status === 'refused' || correcting.status === 'unknown'
  if (result.status !== 'invalid' && !bad) return null
  return (
    <div className="cg-fields-footer">
      {result.status === 'invalid' && (
        <Notice tone="warning" icon="alert" title={t('fields.wrongType')}>
          <bdi>{visibleText(result.issues.map((issue) => issue.message).join(' '))}</bdi>
        </Notice>
      )}
      <CommandNotice command={correcting} />
    </div>
  )
}

const icons = { missing: 'dotted', heard: 'wave', confirmed: 'check' } as const satisfies Record<string, IconName>
const tones = { missing: 'neutral', heard: 'accent', confirmed: 'positive' } as const

function Field({ field }: { readonly field: FieldState }) {
  const language = useLanguage()
  const { t } = language
  const { view } = useFields('Field')
  const callId = useCallId()
  const reason = useBlocked(callId, 'assistant')
  const [corrections, changeCorrections] = useRemembered(callId, openCorrections)
  const place = `${view.gather?.id} ${field.name}`
  const correction = corrections.get(place)
  const editing = correction !== undefined
  const [sent, changeSent] = useRemembered(callId, sentCorrections)
  const setCorrection = (value: string | null) =>
    changeCorrections((open) => {
      const next = new Map(open)
      if (value === null) next.delete(place)
      else next.set(place, value)
      return next
    })
  const sentValue = sent.get(place)
  const status = field.status
  const value = status === 'missing' ? t('fields.notYet') : valueText(field, language)
  return (
    <parts.Field field={field} className="cg-fields-item">
      <span className="cg-fields-icon" aria-hidden="true">
        <Icon name={icons[status]} />
      </span>
      <dt className="cg-fields-label">
        <bdi>{visibleText(field.label)}</bdi>
        {!field.required && ` · ${t('fields.optional')}`}
      </dt>
      <dd className="cg-fields-value" dir="auto">
        {value}
        {sentValue !== undefined && sentValue !== textOfValue(field.value ?? '') && (
          <span className="cg-fields-sent">{t('fields.correctionSent', { value: visibleText(sentValue) })}</span>
        )}
      </dd>
      <dd className="cg-fields-side">
        <Chip tone={tones[status]} {...(status === 'confirmed' ? { icon: 'check' } : {})}>
          {t(`fields.status.${status}`)}
        </Chip>
        {view.isCollecting && !editing && reason === null && (
          <IconButton
            icon="whisper"
            label={t('fields.correct', { field: visibleText(field.label) })}
            onClick={() => setCorrection(typeof field.value === 'string' ? field.value : '')}
          />
        )}
      </dd>
      {editing && view.isCollecting && (
        <dd className="cg-fields-edit">
          <Correction
            field={field}
            view={view}
            value={correction}
            setValue={setCorrection}
            onSent={(value) => changeSent((all) => new Map(all).set(place, value))}
            onDone={() => setCorrection(null)}
          />
        </dd>
      )}
    </parts.Field>
  )
}

/** The unsent corrections on each call, by gather and field. */
const openCorrections = new Remembered<ReadonlyMap<string, string>>(new Map())

/** The last correction that was sent, by gather and field. The assistant can ignore it, so the result can differ. */
const sentCorrections = new Remembered<ReadonlyMap<string, string>>(new Map())

interface CorrectionProps {
  readonly field: FieldState
  readonly view: UseAIGatherResult<unknown>
  readonly value: string
  readonly setValue: (value: string) => void
  readonly onSent: (value: string) => void
  readonly onDone: () => void
}

function Correction({ field, view, value, setValue, onSent, onDone }: CorrectionProps) {
  const { t } = useLanguage()
  const id = useId()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (value.trim() === '') return
    if ((await view.correct(field.name, parseInput(field, value.trim()))) !== 'accepted') return
    onSent(value.trim())
    onDone()
  }
  const common = {
    id,
    className: 'cg-input',
    value,
    autoFocus: true,
    onChange: (event: { currentTarget: { value: string } }) => setValue(event.currentTarget.value),
    onKeyDown: (event: { key: string; preventDefault: () => void; stopPropagation: () => void }) => {
      if (event.key !== 'Escape') return
      event.preventDefault()
      event.stopPropagation()
      onDone()
    },
  }
  return (
    <form className="cg-field" onSubmit={(event) => void submit(event)}>
      <label className="cg-label" htmlFor={id}>
        {t('fields.correctLabel', { field: visibleText(field.label) })}
      </label>
      {field.options ? (
        <select {...common}>
          <option value="" />
          {field.options.map((option) => (
            <option key={textOfValue(option)} value={textOfValue(option)}>
              {visibleText(textOfValue(option))}
            </option>
          ))}
        </select>
      ) : (
        <input {...common} type={field.format === 'date' ? 'date' : 'text'} dir="auto" />
      )}
      <p className="cg-hint">{t('fields.correctHint')}</p>
      <div className="cg-controls-actions">
        <CommandButton type="submit" size="small" variant="primary" command={view.correcting}>
          {t('fields.correctSend')}
        </CommandButton>
        <Button size="small" variant="quiet" onClick={onDone}>
          {t('action.cancel')}
        </Button>
      </div>
    </form>
  )
}

/** Converts the agent's input to the field's type. Invalid input stays text, which the assistant can interpret. */
function parseInput({ type, options }: FieldState, text: string): unknown {
  const option = options?.find((it) => textOfValue(it) === text)
  if (option !== undefined) return option
  if (type === 'number' || type === 'integer') return Number.isFinite(Number(text)) ? Number(text) : text
  return text
}
