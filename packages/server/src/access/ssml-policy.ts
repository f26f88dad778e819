/** Finds what a spoken text would fetch from elsewhere: `<audio src>` and whatever else SSML or XML can refer to. */

/** The elements and attributes that only change how the text itself is spoken, in lower case. */
const plainElements = new Set([
  'speak',
  'break',
  'emphasis',
  'lang',
  'mark',
  'p',
  'phoneme',
  'prosody',
  's',
  'say-as',
  'sub',
  'w',
  'voice',
  'amazon:auto-breaths',
  'amazon:breath',
  'amazon:domain',
  'amazon:effect',
  'mstts:express-as',
  'mstts:silence',
])
const plainAttributes = /^(?!src|href|uri|base|xml:base|onlangfailure)[a-z][\w:.-]*$/i

const TAG = /^<\/?([a-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*)\s*\/?>/i
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')/g
/** What makes a tag dangerous in a text that is not meant as SSML, in case it is read as such all the same. */
const REFERENCE =
  /<[!?]|<\/?[\w.-]*:?(?:audio|lexicon|metadata|meta|backgroundaudio)\b|<[^<>]*[\s"'](?:src|href|uri)\s*=/i

/** Whether a text would have something fetched. `isMedia` says which URLs an `<audio>` may name. */
export function hasExternalReference(
  text: string,
  { isSsml, isMedia }: { isSsml: boolean; isMedia: (url: unknown) => boolean },
): boolean {
  if (!isSsml && !/<\s*speak\b/i.test(text)) return REFERENCE.test(text)
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    const tag = TAG.exec(text.slice(at))
    if (!tag || !isPlainTag(tag, isMedia)) return true
  }
  return false
}

function isPlainTag([, element = '', attributes = '']: readonly string[], isMedia: (url: unknown) => boolean): boolean {
  const name = element.toLowerCase()
  const isAudio = name === 'audio'
  if (!isAudio && !plainElements.has(name)) return false
  for (const [, attribute = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = double ?? single ?? ''
    if (isAudio && attribute.toLowerCase() === 'src') {
      if (!isMedia(value)) return false
      continue
    }
    const isNamespace = attribute.toLowerCase().startsWith('xmlns') || attribute.toLowerCase() === 'xsi:schemalocation'
    if (!plainAttributes.test(attribute) || (/:\/\/|^\s*(?:data|file|javascript):/i.test(value) && !isNamespace))
      return false
  }
  return true
}
