/** Explains refusals in the agent's language. Codes and technical terms go to the detail line. */
import type { CommandRefusal } from '../../hooks/command-progress.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Language } from '../../strings/strings-context.tsx'

/** The text of a refusal. */
export interface RefusalWords {
  readonly title: string
  /** The detail of the refusal and its code. */
  readonly detail: string
}

/** The server's error code for a call that already has a running gather. */
export const GATHER_IN_PROGRESS = '990001'

/** Refusals that follow from the call's state, whether Telnyx or the server refused. */
const callStates: Readonly<Record<string, PlainStringKey>> = {
  '90018': 'refused.ended',
  '90034': 'refused.notAnswered',
  '90061': 'refused.assistantRunning',
  '90015': 'refused.unknownCall',
  [GATHER_IN_PROGRESS]: 'refused.gatherRunning',
}

type Refused = Pick<CommandRefusal, 'status' | 'code' | 'by'> & { readonly detail?: string | undefined }

function titleOf({ status, code, by }: Refused): PlainStringKey {
  const state = callStates[code]
  if (state) return state
  if (by === 'telnyx')
    return status === 429 ? 'refused.telnyxBusy' : status === 503 ? 'refused.unavailable' : 'refused.telnyx'
  if (status === 401 || status === 403) return 'command.forbidden'
  if (status === 404) return 'refused.unknownCall'
  if (status === 426) return 'refused.outdated'
  if (status === 429) return 'refused.rate'
  if (status >= 500) return 'refused.unavailable'
  return status === 400 ? 'refused.policy' : 'refused.invalid'
}

/** Describes a refusal. */
export function refusalWords(refusal: Refused, { t }: Language): RefusalWords {
  const { code, detail = '' } = refusal
  const words = [detail.replaceAll('`', ''), code === '' ? '' : t('refused.code', { code })]
  return { title: t(titleOf(refusal)), detail: words.filter(Boolean).join(' · ') }
}
