/** Formats numbers and times for the pages. */
import type { CallView } from './simulator.ts'

/** Formats a North American number such as "+15550001111". Other numbers stay unchanged. */
export function telephone(number: string): string {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number)
  if (american !== null) return `+1 ${american[1]} ${american[2]} ${american[3]}`
  const short = /^\+1(\d{3})(\d{4})$/.exec(number)
  return short === null ? number : `+1 ${short[1]} ${short[2]}`
}

/** Formats milliseconds as 02:41, or as 1:02:41 from one hour. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return seconds < 3600 ? clock : `${Math.floor(seconds / 3600)}:${clock}`
}

/** Formats an ISO 8601 time as the time of day in the browser's time zone. */
export function timeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
}

/** Returns a short label for a hangup cause. */
export function endedBecause(cause: string | null): string {
  const words: Record<string, string> = {
    normal_clearing: 'Call ended',
    call_rejected: 'Declined',
    user_busy: 'Busy',
    originator_cancel: 'Cancelled',
    timeout: 'No answer',
    no_answer: 'No answer',
    time_limit: 'Time limit reached',
  }
  return (cause === null ? undefined : words[cause]) ?? 'Call ended'
}

/** Returns the formatted duration of a call since it was answered. */
export function lasted(call: CallView, now: number): string {
  if (call.answered_at === null) return ''
  return duration((call.ended_at === null ? now : Date.parse(call.ended_at)) - Date.parse(call.answered_at))
}
