/** The titles, badges and icons of gathers and commands, shared by all components. */
import type { CommandName, HungUpBy } from '@callgather/protocol'
import { visibleText } from '../../hooks/party.ts'
import type { Language } from '../../strings/strings-context.tsx'
import type { Tone } from './chip.tsx'
import type { GatherSlice } from './gather-slice.ts'
import type { IconName } from './icon.tsx'

/** A badge for the state of a gather or an assistant: its label, tone and icon. */
export interface Badge {
  readonly text: string
  readonly tone: Tone
  readonly icon?: IconName
  /** Whether the state is in progress, so that the badge shows a dot. */
  readonly live?: boolean
}

const outcomes: Readonly<Record<string, Pick<Badge, 'tone' | 'icon'>>> = {
  valid: { tone: 'positive', icon: 'check' },
  invalid: { tone: 'negative', icon: 'cross' },
  timeout: { tone: 'warning', icon: 'clock' },
  partial: { tone: 'warning', icon: 'clock' },
  cancelled: { tone: 'neutral', icon: 'stop' },
  cancelled_amd: { tone: 'neutral', icon: 'robot' },
  call_hangup: { tone: 'neutral', icon: 'hangup' },
}

/** Returns the badge of a gather's outcome. An unknown outcome keeps Telnyx's own status as its label. */
export function outcomeBadge(outcome: string, hungUpBy: HungUpBy | null, language: Language): Badge {
  const known = outcomes[outcome] ?? { tone: 'neutral', icon: 'info' }
  return { ...known, text: outcomeWords(outcome, hungUpBy, language) }
}

/** Describes how a gather ended, in the agent's language. */
export const outcomeWords = (outcome: string, hungUpBy: HungUpBy | null, { t, tryT }: Language): string =>
  outcome === 'call_hangup' && hungUpBy ? t(`hangup.${hungUpBy}`) : tryT(`gather.outcome.${outcome}`, outcome)

/** Returns the badge of a gather's current state. */
export function gatherBadge(gather: GatherSlice, language: Language): Badge {
  const { t } = language
  switch (gather.status) {
    case 'requested':
      return { text: t('gather.status.requested'), tone: 'neutral', live: true }
    case 'collecting': {
      const rejection = rejectionWords(gather, language)
      if (rejection) return { text: rejection, tone: 'warning', icon: 'alert' }
      const prompting = gather.playing && !gather.begun
      const text = t(prompting ? 'gather.status.prompting' : 'gather.status.collecting')
      return { text, tone: gather.kind === 'fields' ? 'ai' : 'accent', live: true }
    }
    case 'refused':
      return { text: t('gather.status.refused'), tone: 'negative', icon: 'cross' }
    case 'unknown':
      return { text: t('gather.status.unknown'), tone: 'warning', icon: 'question' }
    case 'ended':
      return gather.outcome === null
        ? { text: t('gather.status.ended'), tone: 'neutral', icon: 'info' }
        : outcomeBadge(gather.outcome, gather.hungUpBy, language)
  }
}

/** Says why the last entry of digits was rejected; `null` if it was not. */
export function rejectionWords({ rejected }: Pick<GatherSlice, 'rejected'>, { t }: Language): string | null {
  switch (rejected) {
    case 'too_short':
      return t('slots.tooShort')
    case 'wrong_key':
      return t('slots.wrongKey')
    case 'not_accepted':
      return t('slots.notAccepted')
    case null:
      return null
  }
}

/** Returns the label of a gather, or without one the name of its kind, such as "Digits by speech". */
export const gatherTitle = (gather: GatherSlice, { t }: Language): string =>
  (gather.label === null ? null : visibleText(gather.label)) ??
  (gather.command === null ? t('gather.elsewhere') : t(`gather.${gather.command}`))

/** The icon of each command, by command name. */
export const commandIcons = {
  gather: 'keypad',
  gather_using_speak: 'speech',
  gather_using_audio: 'sound',
  gather_using_ai: 'fields',
  gather_stop: 'stop',
  ai_assistant_start: 'robot',
  ai_assistant_stop: 'stop',
  ai_assistant_add_messages: 'whisper',
} as const satisfies Record<CommandName, IconName>
