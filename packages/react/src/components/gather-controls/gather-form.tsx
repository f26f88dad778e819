import type { GatherName } from '@callgather/protocol'
import { useState } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from '../kit/button.tsx'
import { CommandButton, CommandNotice } from '../kit/command-button.tsx'
import { commandIcons } from '../kit/gather-words.ts'
import { Icon } from '../kit/icon.tsx'
import { Notice } from '../kit/notice.tsx'
import { FIELDS } from '../shortcuts/fields.ts'
import { useGatherForm } from './context.ts'
import type { Draft } from './draft.ts'
import { FieldBuilder } from './field-builder.tsx'
import { ParameterField } from './parameter-field.tsx'
import { collectsDigits, type Preset, parametersOf } from './parameters.ts'
import * as parts from './parts.tsx'

const purposes: readonly GatherName[] = ['gather_using_speak', 'gather_using_audio', 'gather', 'gather_using_ai']

interface GatherFormProps {
  readonly callId: string
  readonly presets: readonly Preset[]
  /** Why commands are disabled, in words; `null` if they are allowed. */
  readonly reason: string | null
  readonly initial?: Partial<Draft> | undefined
  /** Whether the form shows the request as JSON and Telnyx's names. */
  readonly developer: boolean
  /** Whether the form opened with a request to review, so that the focus moves to its submit button. */
  readonly isReview?: boolean
  readonly onSent?: (() => void) | undefined
  /** Closes the form and shows the running or last gather. */
  readonly onCancel?: (() => void) | undefined
}

/** The form that starts a gather. Parameters that are not essential are under "More options". */
export function GatherForm({ callId, initial, onSent, ...body }: GatherFormProps) {
  return (
    <parts.Root callId={callId} initial={initial} onSent={() => onSent?.()} className="cg-controls-form">
      <Body {...body} />
    </parts.Root>
  )
}

function Body({
  presets,
  reason,
  developer,
  isReview = false,
  onCancel,
}: Omit<GatherFormProps, 'callId' | 'initial' | 'onSent'>) {
  const { draft, problems, fieldProblems, problemOf, replaces, starting } = useGatherForm('Body')
  const { t } = useLanguage()
  const [more, setMore] = useState(false)
  // The form loads on demand, so the agent may already write elsewhere. Only the first render counts.
  const takesFocus = isReview && !document.activeElement?.matches(FIELDS)
  const [json, setJson] = useState(false)
  const parameters = parametersOf[draft.purpose]
  // "More options" opens if one of its parameters is invalid, because the agent must see the problem.
  const open = more || parameters.some((it) => !it.essential && problemOf(it.name))
  const shown = parameters.filter((it) => open || it.essential)
  const wrong = problems.length + fieldProblems.filter((it) => it !== null).length
  const elsewhere = problems.filter((problem) => !parameters.some((it) => problemOf(it.name) === problem))
  const isDigits = collectsDigits(draft.purpose)
  return (
    <>
      <fieldset className="cg-segments">
        <legend className="cg-visually-hidden">{t('controls.purpose')}</legend>
        {purposes.map((purpose) => (
          // biome-ignore lint/a11y/noLabelWithoutControl: its control is the Purpose inside
          <label key={purpose} className="cg-segment">
            <parts.Purpose purpose={purpose} />
            <span className="cg-segment-name">
              <Icon name={commandIcons[purpose]} />
              {t(`controls.purpose.${purpose}`)}
            </span>
            {developer && (
              <span className="cg-segment-api" aria-hidden="true">
                {purpose}
              </span>
            )}
          </label>
        ))}
      </fieldset>
      {presets.length > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a flex box in every browser
        <div className="cg-presets" role="group" aria-label={t('controls.presets')}>
          <span className="cg-presets-label" aria-hidden="true">
            {t('controls.presets')}
          </span>
          {presets.map((preset) => (
            <parts.Preset key={preset.name} preset={preset} className="cg-button cg-preset" data-size="small" />
          ))}
        </div>
      )}
      {!isDigits && <FieldBuilder />}
      <div className="cg-controls-grid">
        {shown.map((parameter) => (
          <ParameterField key={parameter.name} parameter={parameter} />
        ))}
      </div>
      {isDigits && (
        // biome-ignore lint/a11y/noLabelWithoutControl: its control is the checkbox inside
        <label className="cg-check">
          <parts.Masked />
          <span className="cg-check-text">
            <span>{t('controls.masked')}</span>
            <span className="cg-hint">
              {t(draft.mask === 'allButLast4' ? 'controls.maskedLast4Hint' : 'controls.maskedHint')}
            </span>
          </span>
        </label>
      )}
      {json && <parts.Json className="cg-json" />}
      {elsewhere.length > 0 && (
        <Notice role="alert" tone="negative" icon="alert" title={t('controls.problems', { count: wrong })}>
          {elsewhere.map((problem) => problem.detail ?? problem.title).join(' ')}
        </Notice>
      )}
      <CommandNotice command={starting} />
      <div className="cg-controls-actions">
        {(reason !== null || replaces) && <p className="cg-hint">{reason ?? t('controls.replaceHint')}</p>}
        <CommandButton type="submit" command={starting} variant="primary" reason={reason} autoFocus={takesFocus}>
          {t(replaces ? 'controls.replace' : 'controls.start')}
        </CommandButton>
        {onCancel && (
          <Button variant="quiet" onClick={onCancel}>
            {t('action.cancel')}
          </Button>
        )}
        <Button
          icon={open ? 'up' : 'chevron'}
          variant="quiet"
          data-push=""
          aria-expanded={open}
          onClick={() => setMore(!more)}
        >
          {t(open ? 'action.fewer' : 'action.more')}
        </Button>
        {developer && (
          <Button icon="braces" variant="quiet" aria-expanded={json} onClick={() => setJson(!json)}>
            {t(json ? 'controls.hideJson' : 'controls.json')}
          </Button>
        )}
      </div>
    </>
  )
}
