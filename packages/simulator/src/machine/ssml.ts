/** The words of a text or SSML payload, without its tags. */
export const stripSsml = (text: string): string =>
  text
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
