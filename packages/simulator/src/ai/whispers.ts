/** An instruction whispered by an agent, turned into what the caller hears because of it. */

const patterns: { heard: RegExp; say(match: RegExpExecArray): string }[] = [
  {
    heard: /^(?:please )?(?:offer|suggest|propose|recommend)\s+(?:them |the caller |the customer |him |her )?(.+)$/i,
    say: ([, what = '']) => `I can offer you ${what}.`,
  },
  {
    heard: /^(?:please )?ask (?:them |the caller |the customer |him |her )?(?:for|about)\s+(.+)$/i,
    say: ([, what = '']) => `Could you tell me ${toYou(what)}?`,
  },
  {
    heard:
      /^(?:please )?ask (?:them |the caller |the customer |him |her )?(?:whether|if)\s+(?:they|he|she|the caller|the customer)\s+(.+)$/i,
    say: ([, what = '']) => `May I ask, ${yesNo(what)}?`,
  },
  {
    heard: /^(?:please )?ask (?:them |the caller |the customer |him |her )?(.+)$/i,
    say: ([, what = '']) => `May I ask: ${toYou(what)}?`,
  },
  {
    heard: /^(?:please )?(?:apologi[sz]e|say sorry)(?:\s+(?:to \w+ )?for\s+(.+))?$/i,
    say: ([, what]) => (what === undefined ? 'I am sorry about that.' : `I am sorry about ${toYou(what)}.`),
  },
  {
    heard: /^(?:please )?(?:tell|remind|inform) (?:them|the caller|the customer|him|her)\s+(?:that\s+|about\s+)?(.+)$/i,
    say: ([, what = '']) => sentence(toYou(what)),
  },
  {
    heard: /^(?:please )?(?:say|mention|explain|note)\s+(?:that\s+)?["“]?(.+?)["”]?$/i,
    say: ([, what = '']) => sentence(toYou(what)),
  },
  {
    heard: /^(?:please )?(?:confirm|check|verify)\s+(.+)$/i,
    say: ([, what = '']) => `Just to confirm ${toYou(what)}.`,
  },
  {
    heard: /^(?:please )?(?:slow down|be (?:patient|polite|kind|brief).*|take (?:your|it) (?:time|slow).*)$/i,
    say: () => 'Of course, there is no hurry.',
  },
]

/** What to say to the caller because of a whispered instruction. */
export function obey(instruction: string): string {
  const plain = instruction.trim().replace(/[.!\s]+$/, '')
  for (const { heard, say } of patterns) {
    const match = heard.exec(plain)
    if (match !== null) return say(match)
  }
  return sentence(toYou(plain))
}

function yesNo(predicate: string): string {
  const [verb = '', ...rest] = predicate.split(' ')
  const be = {
    is: 'are you',
    are: 'are you',
    has: 'do you have',
    have: 'do you have',
    wants: 'do you want',
    needs: 'do you need',
  }[verb.toLowerCase()]
  return `${be ?? `do you ${verb.replace(/s$/, '')}`} ${toYou(rest.join(' '))}`
}

function toYou(words: string): string {
  return words
    .replace(/\b(?:the (?:caller|customer|client|patient)['’]s|their|his|her)\b/gi, 'your')
    .replace(
      /\b(?:the (?:caller|customer|client|patient)|them|they|him|he|she)\s+(is|has|wants|needs)\b/gi,
      (_, verb: string) =>
        `you ${{ is: 'are', has: 'have', wants: 'want', needs: 'need' }[verb.toLowerCase()] ?? verb}`,
    )
    .replace(/\b(?:the (?:caller|customer|client|patient)|them|they|him)\b/gi, 'you')
}

function sentence(words: string): string {
  const said = words.charAt(0).toUpperCase() + words.slice(1)
  return /[.!?]$/.test(said) ? said : `${said}.`
}
