/** Formats times, durations and telephone numbers. */

const formats = new Map<string, Intl.DateTimeFormat>()

/** Formats an ISO 8601 time as a time of day with seconds: `10:41:07`. Default time zone: the browser's. */
export function timeOfDay(locale: string, iso: string, timeZone?: string): string {
  const key = `${locale} ${timeZone ?? ''}`
  let format = formats.get(key)
  if (!format) {
    const zone = timeZone === undefined ? {} : { timeZone }
    format = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', hourCycle: 'h23', ...zone })
    formats.set(key, format)
  }
  return format.format(Date.parse(iso))
}

/** Formats a duration in milliseconds as a clock: `02:41`, `1:02:41`. */
export function clockTime(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** Formats a duration in milliseconds as an HTML duration string: `PT161S`. */
export const durationOf = (millis: number): string => `PT${Math.max(0, Math.floor(millis / 1000))}S`

/**
 * Formats a telephone number. North American numbers are grouped, because their plan is fixed (ITU-T E.164, zone 1).
 * Other numbers stay unchanged, because grouping differs by country.
 */
export function partyName(number: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number)
  return parts ? `+1 ${parts[1]} ${parts[2]} ${parts[3]}` : number
}

/** Formats a `YYYY-MM-DD` date in a language: `14 May 1991`. Any other text stays unchanged. */
export function dateOf(locale: string, value: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(time)) return value
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
}
