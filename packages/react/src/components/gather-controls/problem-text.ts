import { limits, type TelnyxError } from '@callgather/protocol'
import type { Language } from '../../strings/strings-context.tsx'
import { isDuration } from './parameters.ts'

/** Describes an invalid parameter in the agent's language. For an unknown rule it returns Telnyx's own text. */
export function problemText({ code, detail, title }: TelnyxError, name: string, { t }: Language): string {
  if (code === '10004') return t('problem.required')
  if (code === '10026') return t('problem.type')
  if (Object.hasOwn(limits, name)) {
    const { min, max, code: own } = limits[name as keyof typeof limits]
    const unit = isDuration(name) ? 1000 : 1
    if (code === own) return t('problem.range', { min: min / unit, max: max / unit })
  }
  if (code === '10027' && name === 'minimum_digits') return t('problem.minMax')
  if (code === '90008') return t('problem.keys')
  // The policy of the server refused the value.
  if (code === '10015') return t('refused.policy')
  return detail?.replaceAll('`', '') ?? title
}
