/** Explains refused commands in the agent's language. Codes and technical terms go to the detail line. */
import type { CommandRefusal } from '../../hooks/command-progress.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Language } from '../../strings/strings-context.tsx'

/** The text that explains a refused command. */
export interface RefusalWords {
  readonly title: string
  /** The technical detail of the refusal and its error code. */
  readonly detail: string
}

/** The server's error code for a call that already has a running gather. */
export const GATHER_IN_PROGRESS = '990001'

/** The texts of refusals that are due to the call's state, by error code. Telnyx and the server share these codes. */
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

/** Describes why a command was refused. */
export function refusalWords(refusal: Refused, { t }: Language): RefusalWords {
  const { code, detail = '' } = refusal
  const words = [detail.replaceAll('`', ''), code === '' ? '' : t('refused.code', { code })]
  return { title: t(titleOf(refusal)), detail: words.filter(Boolean).join(' · ') }
}
