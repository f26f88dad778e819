/** What a turn is, besides answers: a refusal, a wish to hear it again, a moment to think, a correction. */

export type Intent = 'refusal' | 'repeat' | 'hold' | 'why' | 'complaint' | 'none-left' | 'answers'

const refusal =
  /\b(?:rather not|prefer not|would ?n['’]t like to|(?:do|will|can|wo|ca)(?:n['’]t| not|not)\s+(?:want to |wish to |like to |going to )?(?:say|tell|share|give|disclose|answer|provide)|don['’]t want to|none of your (?:business|concern)|not comfortable|no comment|skip (?:it|that|this)|^skip$|^pass$|mind your own|(?:do not|don['’]t) (?:know|have (?:one|any|it|that))|no idea|not sure|can['’]t remember|do not remember|don['’]t remember|i refuse)\b/i
const repeat =
  /^(?:(?:i['’]m )?sorry[,.]?\s*)?(?:(?:can|could|would) you (?:please )?(?:repeat|say)\b.*|(?:please )?(?:repeat|say) (?:that|it|the question)\b.*|say (?:that|it) again.*|come again.*|pardon(?: me)?|what was that.*|what did you (?:say|ask).*|(?:i )?did(?:n['’]t| not) (?:hear|catch|get|understand).*|what|sorry|excuse me|huh)[?.!\s]*$/i
const hold =
  /^(?:(?:um+|uh+|ok(?:ay)?|sure|yes|please)[,.\s]+)*(?:(?:just )?(?:a|one) (?:moment|second|sec|minute)|hold on|hang on|wait|give me (?:a|one) .*|let me (?:check|think|see|look).*)\b[^?]{0,40}$/i
const why =
  /^(?:why\b.*|what (?:do you need|is) (?:it|that|this) for.*|what do you mean.*|who (?:are you|is this|am i).*|are you (?:a |an )?(?:real|robot|human|bot|machine|ai).*|what for.*|what is this about.*)$/i
const noneLeft =
  /^(?:no(?:pe)?|nothing(?: else)?|none|that['’]?s (?:all|it|everything)|that is (?:all|it|everything)|no[,.]?\s+(?:that['’]s (?:all|it|everything)|thank(?:s| you)|nothing(?: else)?|more)|i['’]m (?:done|good)|finished)[.!\s]*$/i

const complaint =
  /\b(?:ridiculous|terrible|useless|unacceptable|awful|fed up|a joke|stupid|the worst|(?:been )?waiting for (?:an? )?(?:hours?|ages|so long|minutes)|very unhappy|speak to (?:a|the|your) (?:human|person|manager|supervisor)|real person)\b/i

/** What a turn as a whole is about. */
export function intentOf(text: string): Intent {
  const said = text.trim()
  if (repeat.test(said)) return 'repeat'
  if (hold.test(said)) return 'hold'
  if (why.test(said)) return 'why'
  if (noneLeft.test(said)) return 'none-left'
  if (complaint.test(said)) return 'complaint'
  return refusal.test(said) ? 'refusal' : 'answers'
}

/** A correction: the words that should stand, and those that should not. */
export interface Correction {
  right: string
  wrong: string | undefined
  /** It opened with a bare "no", which may as well be an answer. */
  bareNo: boolean
}

const opener =
  /^(?:(?:oh|um+|uh+|ah|well|but|hang on|wait)[,.\s]+)*(?<marker>no(?:pe)?(?:,? (?:no|sorry|wait|actually))*|sorry|wait|actually|correction|scratch that|i (?:meant|mean|said)|make (?:it|that)|that['’]?s (?:wrong|not right|incorrect|not correct)|that is (?:wrong|not right|incorrect|not correct)|not (?:that|quite))\b(?! (?:problem|worries|idea|comment|thanks|thank|one|reason|more|other))[,.!:\s]*/i
const said =
  /^(?:(?:i (?:said|meant|mean)|it['’]?s|it is|it was|it should be|that should be|make (?:it|that)|change (?:it|that) to|actually|sorry)[,:\s]+)+/i

/** Reads a turn as a correction of something said before, if it is one. */
export function correctionOf(text: string): Correction | undefined {
  const instead = /^(?<lead>.*?)(?<right>[^,.;]+?)[,\s]+(?:and\s+)?not\s+(?<wrong>[^,.;]+?)[.!\s]*$/i.exec(text.trim())
  const opened = opener.exec(text.trim())
  if (
    instead?.groups !== undefined &&
    (opened !== null || said.test(instead.groups.right ?? '') || /^(?:no|it['’]?s|i )/i.test(text.trim()))
  ) {
    const right = `${instead.groups.lead ?? ''}${instead.groups.right ?? ''}`
    return { right: bare(right), wrong: bare(instead.groups.wrong ?? ''), bareNo: false }
  }
  const swapped =
    /^(?:no[,.\s]+)?(?:it['’]?s |it is )?not\s+(?<wrong>[^,.;]+?)\s*(?:[,;.]|\bbut\b)\s*(?:but\s+|it['’]?s\s+|it is\s+)?(?<right>[^,;]+?)[.!\s]*$/i.exec(
      text.trim(),
    )
  if (swapped?.groups !== undefined)
    return { right: bare(swapped.groups.right ?? ''), wrong: bare(swapped.groups.wrong ?? ''), bareNo: false }
  if (opened === null) return undefined
  const right = bare(text.trim().slice(opened[0].length))
  return { right, wrong: undefined, bareNo: /^no(?:pe)?$/i.test(opened.groups?.marker ?? '') }
}

function bare(text: string): string {
  let rest = text.trim()
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(opener, '').replace(said, '').trim()
  }
  return rest
}
