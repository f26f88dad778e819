/** Removes SSML tags from a payload. Returns plain text unchanged. */
export const stripSsml = (text: string): string =>
  text
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
