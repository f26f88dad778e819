/** The encoding of a text message and its number of parts (3GPP TS 23.038, TS 23.040). */

const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Characters that take two places in GSM-7. */
const extended = new Set('^{}\\[~]|€\f')

/** Returns whether GSM-7 has every character of `text`. */
export const isGsm7 = (text: string): boolean => [...text].every((char) => basic.has(char) || extended.has(char))

/** Returns the encoding of a text and the number of parts that carriers split it into. */
export function measure(text: string, isUcs2 = !isGsm7(text)): { encoding: 'GSM-7' | 'UCS-2'; parts: number } {
  const length = isUcs2 ? text.length : [...text].reduce((sum, char) => sum + (extended.has(char) ? 2 : 1), 0)
  const [single, each] = isUcs2 ? [70, 67] : [160, 153]
  return { encoding: isUcs2 ? 'UCS-2' : 'GSM-7', parts: length <= single ? 1 : Math.ceil(length / each) }
}
