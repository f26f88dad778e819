/** What the simulated assistant says, and how it uses a whisper. Deterministic: it repeats, it doesn't understand. */

/** An agent's whisper as the caller hears it. */
export const sayWhisper = (whisper: string): string => `A colleague adds: ${whisper.trim()}`

/** The assistant's next words, and whether they end the conversation. */
export function reply(said: string, whispers: readonly string[]): { text: string; isGoodbye: boolean } {
  const isGoodbye = whispers.length === 0 && /\b(?:goodbye|good bye|bye)\b/i.test(said)
  if (isGoodbye) return { text: 'Thank you for calling. Goodbye.', isGoodbye }
  const heard = said.trim() === '' ? [] : [`I heard: ${said.trim()}`]
  const next = whispers.length > 0 ? whispers.map(sayWhisper) : ['How can I help you?']
  return { text: [...heard, ...next].map(sentence).join(' '), isGoodbye }
}

const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`)
