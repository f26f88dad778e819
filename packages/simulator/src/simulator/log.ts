/** The live log in the terminal: one line per command, webhook attempt, prompt and caller action. */
import { styleText } from 'node:util'
import type { Activity, TelnyxError } from '../call/activity.ts'
import { IN_PROCESS_URL } from '../delivery/target.ts'
import { remedyOf } from './remedies.ts'

type Style = 'cyan' | 'blue' | 'magenta' | 'yellow' | 'green' | 'red' | 'dim'

interface LogOptions {
  colours: boolean
  /** Logs a dot instead of each key, whether the caller or the platform pressed it. */
  hideDigits: boolean
}

const MAX_TEXT_LENGTH = 500

/** Returns a text of a program or caller without line breaks and terminal escapes, cut to a readable length. */
function oneLine(text: string): string {
  const line = text.slice(0, MAX_TEXT_LENGTH + 1).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return text.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH)}… (${text.length} characters)` : line
}

/** Creates a watcher that writes one line per activity to `write`. */
export function createLog(write: (line: string) => void, { colours, hideDigits }: LogOptions) {
  const paint = (style: Style, text: string) => (colours ? styleText(style, text) : text)
  const keys = (digits: string) => (hideDigits ? '•'.repeat(digits.length) : digits)
  return (activity: Activity): void => {
    const line = describe(activity, paint, keys)
    if (!line) return
    const [style, sign, words] = line
    const call = activity.type === 'call.created' ? activity.call.id : 'call_id' in activity ? activity.call_id : null
    const time = paint('dim', activity.at.slice(11, 23))
    const row = `${paint(style, sign.padEnd(9))} ${call === null ? '········' : call.slice(3, 11)}  ${words}`
    write(`${time}  ${row}`.trimEnd())
  }
}

/** Returns the colour, label and text of a log line, or `null` for an activity that is not logged. */
function describe(
  activity: Activity,
  paint: (style: Style, text: string) => string,
  keys: (digits: string) => string,
): [Style, string, string] | null {
  switch (activity.type) {
    case 'call.created': {
      const { direction, from, to } = activity.call
      return ['cyan', '☎ call', direction === 'incoming' ? `${from} calls ${to}` : `${to} is called by ${from}`]
    }
    case 'command': {
      const { command, status, errors, note } = activity
      const why = errors?.map((error) => describeError(error, activity.body)).join('; ')
      const rest = [why, note].filter(Boolean).join('; ')
      return [
        'blue',
        '→ command',
        `${command} ${paint(status < 300 ? 'green' : 'red', `${status}`)}  ${paint('red', oneLine(rest))}`,
      ]
    }
    case 'message.created': {
      const { from, to, text, media_urls } = activity.message
      const media = media_urls.length > 0 ? ` + ${media_urls.length} media` : ''
      return ['cyan', '✉ message', `${oneLine(from)} → ${oneLine(to)} “${oneLine(text)}”${media}`]
    }
    case 'delivery': {
      const words = describeDelivery(activity.delivery, paint)
      return words === null ? null : ['blue', '← webhook', words]
    }
    case 'prompt.started':
      return ['magenta', '♪ hears', activity.kind === 'media' ? oneLine(activity.text) : `“${oneLine(activity.text)}”`]
    case 'said':
      return ['yellow', '❝ says', `“${oneLine(activity.text)}”`]
    case 'key':
      return ['yellow', '# presses', keys(activity.digit)]
    case 'dtmf.sent':
      return ['magenta', '# hears', `keys ${keys(activity.digits)}`]
    case 'tool':
      return ['blue', '→ tool', `${activity.tool} ${paint(activity.ok ? 'green' : 'red', oneLine(activity.summary))}`]
    case 'trouble':
      return ['red', '! trouble', oneLine(activity.text)]
    case 'notice':
      return ['yellow', '! notice', oneLine(activity.text)]
    case 'faults':
      return ['red', '! faults', JSON.stringify(activity.faults)]
    default:
      return null
  }
}

function describeError(error: TelnyxError, body: Record<string, unknown>): string {
  const remedy = remedyOf(error, body)
  return `${error.code} ${error.title}: ${error.detail}${remedy === null ? '' : ` ${remedy}`}`
}

function describeDelivery(
  { attempts, event, faults, finished_at }: Extract<Activity, { type: 'delivery' }>['delivery'],
  paint: (style: Style, text: string) => string,
): string | null {
  const attempt = attempts.at(-1)
  if (!attempt) return `${event.event_type} not sent (${faults.join(', ')})`
  if (attempt.status === 'pending' || finished_at !== null) return null
  const answer = attempt.response ? String(attempt.response.status) : (attempt.error ?? 'no answer')
  const where = attempt.url === IN_PROCESS_URL ? '' : ` to ${attempt.url}`
  const retry = attempt.number > 1 ? ` attempt ${attempt.number}` : ''
  const fault = attempt.fault ? paint('red', ` [${attempt.fault}]`) : ''
  const outcome = attempt.status === 'delivered' ? paint('green', answer) : paint('red', `${answer}${where}`)
  return `${event.event_type}${retry}${fault} ${outcome}`
}
