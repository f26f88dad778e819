/** Yes and no as people say them. */
import type { Found } from './found.ts'

const no =
  /\b(?:no|nope|nah|never|negative|false|not really|not at all|i (?:do|did|have|am|would|will)(?:n['’]t| not)|i['’]m not|don['’]t|isn['’]t|incorrect)\b/i
const yes =
  /\b(?:yes|yeah|yep|yup|yea|aye|sure|certainly|of course|absolutely|definitely|indeed|correct|right|true|affirmative|please do|i (?:do|did|have|am|would|will)|okay|ok|fine|uh[ -]huh)\b/i

/** A yes or a no; the earlier of the two where both are said ("no, yes I do" is a no, "yes, no problem" a yes). */
export function findYesNo(text: string): Found<boolean>[] {
  const refused = no.exec(text)
  const agreed = yes.exec(text)
  if (refused !== null && (agreed === null || refused.index <= agreed.index)) {
    return [{ value: false, start: refused.index, end: refused.index + refused[0].length }]
  }
  return agreed === null ? [] : [{ value: true, start: agreed.index, end: agreed.index + agreed[0].length }]
}
