/** Finds external references in spoken text: `<audio src>` and other SSML or XML references. */

/** SSML elements and attributes that only change how text is spoken, in lower case. */
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
/** Matches an external reference in text that is not declared as SSML but that Telnyx might parse as SSML. */
const REFERENCE =
  /<[!?]|<\/?[\w.-]*:?(?:audio|lexicon|metadata|meta|backgroundaudio)\b|<[^<>]*[\s"'](?:src|href|uri)\s*=/i

/** Whether a text refers to an external file. `isMedia` decides which URLs `<audio>` may use. */
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
