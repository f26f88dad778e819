/** A value read out of what somebody said, and the characters it was read from. */
export interface Found<Value = unknown> {
  value: Value
  start: number
  end: number
}

/** One word, lower-cased, and where it stands in the text. */
export interface Word {
  word: string
  start: number
  end: number
}

/** The words of a text in order; punctuation falls away, apostrophes inside words stay ("I'd", "o'clock"). */
export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(/[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu), (match) => ({
    word: match[0].toLowerCase().replaceAll('’', "'"),
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** Two spans share a character. */
export function overlap(one: { start: number; end: number }, other: { start: number; end: number }): boolean {
  return one.start < other.end && other.start < one.end
}
