/** Removes the tags from a text or SSML payload. */
export const stripSsml = (text: string): string =>
  text
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
