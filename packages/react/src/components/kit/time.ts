/** Formats times, durations and telephone numbers. */

export { partyName } from '../../hooks/party.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

/** Formats an ISO 8601 time as a time of day with seconds: `10:41:07`. Default time zone: the browser's. */
export const timeOfDay = (locale: string, iso: string, timeZone?: string): string =>
  format(locale, 'medium', timeZone).format(Date.parse(iso))

/** Formats an ISO 8601 time as a time of day without seconds: `10:41`. Default time zone: the browser's. */
export const shortTimeOfDay = (locale: string, iso: string, timeZone?: string): string =>
  format(locale, 'short', timeZone).format(Date.parse(iso))

function format(locale: string, timeStyle: 'medium' | 'short', timeZone?: string): Intl.DateTimeFormat {
  const key = `${locale} ${timeStyle} ${timeZone ?? ''}`
  const known = formats.get(key)
  if (known) return known
  const zone = timeZone === undefined ? {} : { timeZone }
  const made = new Intl.DateTimeFormat(locale, { timeStyle, hourCycle: 'h23', ...zone })
  formats.set(key, made)
  return made
}

/** Formats a duration in milliseconds as a clock: `02:41`, `1:02:41`. A time before the start is `-00:02`. */
export function clockTime(millis: number): string {
  if (millis <= -1000) return `-${clockTime(-millis)}`
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** Formats a duration in milliseconds as an HTML duration string: `PT161S`. */
export const durationOf = (millis: number): string => `PT${Math.max(0, Math.floor(millis / 1000))}S`

/** Formats a `YYYY-MM-DD` date in a language: `14 May 1991`. Any other text stays unchanged. */
export function dateOf(locale: string, value: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(time)) return value
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
}
