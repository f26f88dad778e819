/** Words as an answer in themselves: what is left of "um, my name is jane doe, please" is "Jane Doe". */

const filler =
  /^(?:(?:um+|uh+|er+|erm|hmm+|ah|oh|well|so|ok(?:ay)?|yes|yeah|yep|sure|hi|hello|hey(?: there)?|please|right|let me see|let's see|thanks|thank you|good (?:morning|afternoon|evening)|of course|certainly|and|also|then)(?=[\s,.!?]|$)[\s,.!]*)+/i
const tail =
  /[\s,]+(?:please|thanks|thank you(?: very much)?|if (?:that's|that is) (?:ok|okay|possible|all right))[\s.!]*$/i
const leads: RegExp[] = [
  /^(?:my|the|our|his|her|their|your)\s+(?:[\p{L}\p{N}-]+\s+){1,4}?(?:is|are|was|will be|would be|should be)\s+/iu,
  /^(?:that|this|it)(?:['’]s| is| was| would be| will be| should be|['’]d be)\s+(?:for\s+)?/i,
  /^(?:i|we)(?:['’]d| would) (?:like|prefer|want|love|go for)\s+(?:it to be\s+)?/i,
  /^(?:i|we)(?:['’]ll| will) (?:have|take|go (?:for|with))\s+/i,
  /^(?:i|we) (?:live|work|stay)\s+(?:in|at|on|near)\s+/i,
  /^(?:i|we) (?:want|need|prefer|have|choose|chose)\s+/i,
  /^(?:i['’]m|i am|we['’]re|we are)\s+(?:called\s+|from\s+|in\s+|at\s+|calling (?:about|because(?: of)?)\s+)?/i,
  /^(?:you can )?call me\s+/i,
  /^(?:put|make it|make that|say|write)\s+/i,
  /^because(?: of)?\s+/i,
]

/** The answer without the words around it; empty when there were only those. */
export function plainAnswer(text: string): string {
  let rest = text.trim().replace(filler, '')
  for (const lead of leads) {
    const shorter = rest.replace(lead, '')
    if (shorter !== rest && shorter.trim() !== '') {
      rest = shorter
      break
    }
  }
  return rest
    .replace(tail, '')
    .replace(/^[\s,.;:"“”'!?]+|[\s,.;:"“”!?]+$/g, '')
    .replace(/^(?:please|thanks|thank you)$/i, '')
}

/** A name or place typed without capitals gets them; anything else is left as it was said. */
export function withCapitals(text: string): string {
  return text === text.toLowerCase()
    ? text.replace(/(^|[\s'-])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())
    : text
}

/** "ham, olives and also extra cheese" is three things. */
export function severalThings(text: string): string[] {
  return text
    .split(/\s*[,;]\s*(?:and\s+)?(?:also\s+)?|\s+(?:and|plus|as well as)\s+(?:also\s+)?/i)
    .map((part) => plainAnswer(part).replace(/^(?:and|also|plus|maybe|some)\s+/i, ''))
    .filter((part) => part !== '')
}
