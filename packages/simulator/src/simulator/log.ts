/** The live log in the terminal: one line for each thing a person wants to know, in the order in which it happened. */
import { styleText } from 'node:util'
import type { Activity } from '../call/activity.ts'
import { IN_PROCESS_URL } from '../delivery/target.ts'

type Style = Parameters<typeof styleText>[0]

export interface LogOptions {
  colours: boolean
  /** A dot for each key, whoever presses it. */
  hideDigits: boolean
}

/** Makes a watcher that writes to `write`. */
export function createLog(
  write: (line: string) => void,
  { colours, hideDigits }: LogOptions,
): (activity: Activity) => void {
  const paint = (style: Style, text: string) => (colours ? styleText(style, text) : text)
  const keys = (digits: string) => (hideDigits ? '•'.repeat(digits.length) : digits)
  return (activity) => {
    const line = describe(activity, paint, keys)
    if (line) write(`${paint('dim', activity.at.slice(11, 23))}  ${line}`)
  }
}

type Paint = (style: Style, text: string) => string

function describe(activity: Activity, paint: Paint, keys: (digits: string) => string): string | null {
  switch (activity.type) {
    case 'call.created': {
      const { call } = activity
      const arrow = call.direction === 'incoming' ? 'calls' : 'is called by'
      const [who, whom] = call.direction === 'incoming' ? [call.from, call.to] : [call.to, call.from]
      return `${paint('cyan', '☎ call   ')} ${short(call.id)}  ${who} ${arrow} ${whom}`
    }
    case 'command': {
      const outcome =
        activity.status < 300 ? paint('green', String(activity.status)) : paint('red', String(activity.status))
      const why = activity.errors?.map(({ code, title, detail }) => `${code} ${title}: ${detail}`).join('; ')
      const rest = [why, activity.note].filter(Boolean).join('; ')
      return `${paint('blue', '→ command')} ${short(activity.call_id)}  ${activity.command} ${outcome}${rest ? `  ${paint('red', rest)}` : ''}`
    }
    case 'delivery':
      return describeDelivery(activity, paint)
    case 'prompt.started':
      return `${paint('magenta', '♪ hears  ')} ${short(activity.call_id)}  ${activity.kind === 'media' ? activity.text : `“${activity.text}”`}`
    case 'said':
      return `${paint('yellow', '❝ says   ')} ${short(activity.call_id)}  “${activity.text}”`
    case 'key':
      return `${paint('yellow', '# presses')} ${short(activity.call_id)}  ${keys(activity.digit)}`
    case 'dtmf.sent':
      return `${paint('magenta', '# hears  ')} ${short(activity.call_id)}  keys ${keys(activity.digits)}`
    case 'tool':
      return `${paint('blue', '→ tool   ')} ${short(activity.call_id)}  ${activity.tool} ${paint(activity.ok ? 'green' : 'red', activity.summary)}`
    case 'trouble':
      return `${paint('red', '! trouble')} ${short(activity.call_id)}  ${activity.text}`
    case 'faults':
      return `${paint('red', '! faults ')} ${JSON.stringify(activity.faults)}`
    case 'webhook':
    case 'call.updated':
    case 'prompt.ended':
      return null
  }
}

function describeDelivery({ call_id, delivery }: Extract<Activity, { type: 'delivery' }>, paint: Paint): string | null {
  const attempt = delivery.attempts.at(-1)
  const type = delivery.event.event_type
  if (!attempt)
    return `${paint('red', '← webhook')} ${short(call_id)}  ${type} not sent (${delivery.faults.join(', ')})`
  if (attempt.status === 'pending' || delivery.finished_at !== null) return null
  const answer = attempt.response ? String(attempt.response.status) : (attempt.error ?? 'no answer')
  const where = attempt.url === IN_PROCESS_URL ? '' : ` to ${attempt.url}`
  const retry = attempt.number > 1 ? ` attempt ${attempt.number}` : ''
  const fault = attempt.fault ? paint('red', ` [${attempt.fault}]`) : ''
  const outcome = attempt.status === 'delivered' ? paint('green', answer) : paint('red', `${answer}${where}`)
  return `${paint('blue', '← webhook')} ${short(call_id)}  ${type}${retry}${fault} ${outcome}`
}

/** Enough of an id to tell two calls apart. */
const short = (id: string | null) => (id === null ? '········' : id.slice(3, 11))
