/** What the rule-based assistant says next. Deterministic: the same conversation gets the same words. */
import { wordsOf } from './understand/found.ts'
import { plainAnswer } from './understand/free-text.ts'
import { obey } from './whispers.ts'

export interface ReplyTo {
  /** What the caller said that has no answer yet; empty when the assistant was told to speak up. */
  said: string
  whispers: readonly string[]
  instructions: readonly string[]
  name: string | undefined
  turn: number
}

/** The assistant's next words, and whether they end the conversation. */
export function reply(to: ReplyTo): { text: string; goodbye: boolean } {
  const orders = to.whispers.map(obey)
  const said = to.said.trim()
  if (said === '') return { text: orders.join(' ') || 'How can I help you?', goodbye: false }
  const talk = smallTalk(said, to)
  const own = talk?.text ?? answer(said, to.instructions) ?? acknowledge(said, to.turn, orders.length > 0)
  return {
    text: [talk?.text === undefined && orders.length > 0 ? acknowledge(said, to.turn, true) : own, ...orders].join(' '),
    goodbye: talk?.goodbye === true && orders.length === 0,
  }
}

const rules: { heard: RegExp; text(to: ReplyTo): string; goodbye?: true }[] = [
  {
    heard:
      /^(?:no[,.\s]*)?(?:thanks?(?: you)?[,.!\s]*)?(?:that['’]s all[,.!\s]*)?(?:good ?bye|bye(?: bye)?|see you|have a (?:good|nice|great) (?:day|one|evening))\b/i,
    text: () => 'Thank you for calling. Goodbye.',
    goodbye: true,
  },
  {
    heard: /^(?:[\w']+[,.\s]+){0,3}(?:good ?bye|bye)[.!\s]*$/i,
    text: () => 'Thank you for calling. Goodbye.',
    goodbye: true,
  },
  {
    heard: /^(?:no[,.\s]*)?(?:that['’]s all|that is all|nothing else|i['’]m (?:done|all set))/i,
    text: () => 'Thank you for calling. Goodbye.',
    goodbye: true,
  },
  {
    heard: /\b(?:who (?:are|am) (?:you|i (?:talking|speaking) (?:to|with))|what['’]?s your name|your name)\b/i,
    text: ({ name }) =>
      `I am ${name === undefined ? 'the virtual assistant' : `${name}, the virtual assistant`}. How can I help you?`,
  },
  {
    heard: /\b(?:are you (?:a |an )?(?:robot|bot|human|real|machine|ai|person))\b/i,
    text: () => 'I am a virtual assistant, but I will do my best to help you.',
  },
  { heard: /\bhow are you\b/i, text: () => 'I am well, thank you for asking. What can I do for you?' },
  {
    heard:
      /\b(?:human|real person|representative|operator|(?:speak|talk) to (?:an? )?(?:agent|someone|somebody|person|manager))\b/i,
    text: () => 'Of course. A colleague can take over; please stay on the line.',
  },
  {
    heard: /\b(?:ridiculous|terrible|useless|angry|unacceptable|awful|fed up|joke|stupid|worst|unhappy)\b/i,
    text: () => 'I am very sorry about that. Please tell me what went wrong, and I will do what I can.',
  },
  {
    heard: /^(?:hold on|hang on|one moment|just a (?:second|moment|minute)|wait)\b/i,
    text: () => 'Of course, take your time.',
  },
  {
    heard: /^(?:(?:sorry|pardon)\??|what\?|can you repeat|could you repeat|say that again)/i,
    text: () => 'I was asking how I can help you.',
  },
  {
    heard: /^(?:hi|hello|hey|good (?:morning|afternoon|evening))[\s,.!]*(?:there)?[\s.!]*$/i,
    text: () => 'Hello! How can I help you today?',
  },
  {
    heard: /^(?:thanks?(?: you)?(?: (?:so|very) much)?|great|perfect|cheers)[\s.!]*$/i,
    text: () => 'You are welcome. Is there anything else?',
  },
  {
    heard:
      /^(?:yes|yeah|yep|sure|ok(?:ay)?|fine|please do|sounds good|that works)[\s,.!]*(?:please|thanks?(?: you)?)?[\s.!]*$/i,
    text: () => 'Very good. Is there anything else I can help you with?',
  },
  { heard: /^(?:no|nope|no,? thanks?(?: you)?)[\s.!]*$/i, text: () => 'All right. Is there anything else I can do?' },
]

function smallTalk(said: string, to: ReplyTo): { text: string; goodbye: boolean } | undefined {
  const rule = rules.find(({ heard }) => heard.test(said))
  return rule === undefined ? undefined : { text: rule.text(to), goodbye: rule.goodbye === true }
}

const idle = new Set(
  'a an the is are was were do does did can could will would should i you we they he she it my your our their me us them to of in on at for with and or but not no yes what when where which who how why please have has had be been this that there if so about any some want need like know tell'.split(
    ' ',
  ),
)

/** The sentence of the instructions that shares most with a question. */
function answer(said: string, instructions: readonly string[]): string | undefined {
  const asked = contentOf(said)
  if (asked.size === 0) return undefined
  const scored = instructions
    .flatMap((text) => text.split(/(?<=[.!?])(?<!\b(?:Dr|Mr|Mrs|Ms|Prof|St|No)\.)\s+|\n+/))
    .map((sentence) => sentence.trim())
    // "You are a friendly assistant" is an order to the model, no news for the caller.
    .filter(
      (sentence) =>
        sentence !== '' &&
        !/^(?:you are|your (?:task|job|role|goal)|always|never|be |do not|don['’]t|if |when |ask |use |speak |answer |act |offer |tell )/i.test(
          sentence,
        ),
    )
    .map((sentence) => ({ sentence, hits: [...contentOf(sentence)].filter((word) => asked.has(word)).length }))
    .sort((one, other) => other.hits - one.hits)
  const best = scored[0]
  if (best === undefined || best.hits === 0) return undefined
  return /[.!?]$/.test(best.sentence) ? best.sentence : `${best.sentence}.`
}

function contentOf(text: string): Set<string> {
  return new Set(
    wordsOf(text)
      .map(({ word }) => word)
      .filter((word) => !idle.has(word))
      .map((word) => word.replace(/(?:ing|ed|es|s)$/, '')),
  )
}

const followUps = [
  'What else can I do for you?',
  'Could you tell me a little more?',
  'Is there anything else I should know?',
]

function acknowledge(said: string, turn: number, briefly: boolean): string {
  const wish = /^(?:i(?:['’]d like| would like| want| need| have)|can i|could i|may i)\s+(?:to\s+)?(.+)$/i.exec(
    plainOf(said),
  )?.[1]
  const heard = wish === undefined ? 'I see, thank you.' : `I understand, you would like to ${mirror(wish)}.`
  const noted =
    wish !== undefined && /^(?:an?|the|my|some|help)\b/i.test(wish) ? `I understand: ${mirror(wish)}.` : heard
  return briefly
    ? wish === undefined
      ? 'Of course.'
      : noted
    : `${noted} ${wish === undefined ? (followUps[turn % followUps.length] ?? '') : 'Could you tell me a little more?'}`
}

function plainOf(said: string): string {
  const first = said.split(/(?<=[.!?])\s+/).findLast((sentence) => plainAnswer(sentence) !== '') ?? said
  return first.replace(/^(?:(?:hi|hello|yes|well|um+|uh+|so|ok(?:ay)?)[\s,.!]+)+/i, '').replace(/[.!?\s]+$/, '')
}

/** "my appointment" said back is "your appointment". */
function mirror(words: string): string {
  const swap: Record<string, string> = {
    my: 'your',
    me: 'you',
    i: 'you',
    mine: 'yours',
    your: 'our',
    you: 'we',
    am: 'are',
    "i'm": 'you are',
    our: 'your',
    we: 'you',
    us: 'you',
  }
  return words.replace(/[\p{L}'’]+/gu, (word) => swap[word.toLowerCase().replaceAll('’', "'")] ?? word)
}
