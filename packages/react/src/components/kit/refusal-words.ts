/** Why a command was refused, and by whom, in the agent's language. Codes and technical words go to the detail line. */
import type { CommandRefusal } from '../../hooks/command-progress.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Language } from '../../strings/strings-context.tsx'

/** A refusal as it is shown. */
export interface RefusalWords {
  readonly title: string
  /** What the refusal says itself, and its code. */
  readonly detail: string
}

/** Another gather runs on the call. The code is the server's own. */
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

/** A refusal in words. */
export function refusalWords(refusal: Refused, { t }: Language): RefusalWords {
  const { code, detail = '' } = refusal
  const words = [detail.replaceAll('`', ''), code === '' ? '' : t('refused.code', { code })]
  return { title: t(titleOf(refusal)), detail: words.filter(Boolean).join(' · ') }
}
