/** Removes random ids and times from a text, because they may contain the digits of a PIN. */
export const withoutIds = (text: string): string =>
  text
    .replaceAll(/v3:[\w-]+/g, '')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '')
