/** The checks of `callgather-simulator doctor`: how a program treats good, forged and unusual webhooks. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebhookEvent } from '../delivery/delivery.ts'
import { explainAttempt } from '../delivery/explain.ts'
import type { Answer, Probe, Send } from './send.ts'

/** The result of one check. `unknown`: the program's behaviour shows neither success nor failure. */
export interface Row {
  name: string
  result: 'passed' | 'failed' | 'unknown'
  /** What the program did. */
  observed: string
  /** Why the check matters, and what to do when it fails. */
  why: string
}

/** A ringing incoming call, on which the program can run commands. */
export interface DoctorCall {
  /** Its `call.initiated`, not sent yet. */
  readonly initiated: WebhookEvent
  /** The commands of the program so far. */
  readonly commands: readonly string[]
  /** Ends the call. Returns its `call.hangup`, not sent yet. */
  hangUp(): Promise<WebhookEvent>
}

interface CheckOptions {
  readonly publicKey: string
  readonly send: Send
  dial(): Promise<DoctorCall>
  /** Time limit of Telnyx for an answer, in milliseconds. The doctor itself waits longer. */
  readonly limitMs: number
  /** Called after each check. */
  onRow(row: Row): void
}

/** How long the doctor waits for the first command of a program, in milliseconds. */
const FIRST_COMMAND_MS = 1500
/** Shortest wait for a command that should not come, in milliseconds. */
const MIN_QUIET_MS = 200
const POLL_MS = 10
const SIX_MINUTES_MS = 360_000
const HUGE_CHARACTERS = 256 * 1024

const forgeries: readonly [name: string, probe: Omit<Probe, 'event'>, why: string][] = [
  [
    'rejects an unsigned webhook',
    { signature: 'none' },
    'Anyone who finds the URL could control your calls. Verify each webhook before you use it.',
  ],
  [
    'rejects a webhook signed with another key',
    { signature: 'wrong-key' },
    'Anyone could sign a webhook with their own key. Verify with TELNYX_PUBLIC_KEY.',
  ],
  [
    'rejects a webhook whose body was changed',
    { signature: 'other-body' },
    'A signature must not count for another body. Verify the raw body of this request.',
  ],
  [
    'rejects a webhook that is 6 minutes old',
    { ageMs: SIX_MINUTES_MS },
    'A recorded webhook could be replayed. Refuse a telnyx-timestamp more than 5 minutes away from your clock.',
  ],
]

/** Runs all checks against a program, one after the other. */
export async function examine(options: CheckOptions): Promise<Row[]> {
  const { publicKey, send, dial, limitMs, onRow } = options
  const rows: Row[] = []
  let slowestMs = 0
  const add = (name: string, result: Row['result'], observed: string, why: string) => {
    const row = { name, result, observed, why }
    rows.push(row)
    onRow(row)
  }
  const deliver = async (probe: Probe) => {
    const answer = await send(probe)
    slowestMs = Math.max(slowestMs, answer.ms)
    return answer
  }

  const first = await dial()
  const genuine = await deliver({ event: first.initiated })
  const commandMs = isAccepted(genuine) ? await nextCommand(first, 0, FIRST_COMMAND_MS) : null
  const reason = explainAttempt(genuine.attempt, { publicKey, timeoutMs: limitMs })?.text
  add(
    'accepts a signed webhook',
    isAccepted(genuine) ? 'passed' : 'failed',
    `${describe(genuine)}${isAccepted(genuine) ? described(first.commands) : ''}`,
    reason ?? 'Telnyx counts only a 2xx answer as delivered.',
  )
  const quietMs = Math.max(MIN_QUIET_MS, 3 * (commandMs ?? 0))
  const isSilent = commandMs === null
  /** Sends an event and returns the answer with the commands that the program sent on `call` because of it. */
  const observe = async (call: DoctorCall, probe: Probe) => {
    const before = call.commands.length
    const answer = await send(probe)
    if (!isSilent && answer.status !== null) await nextCommand(call, before, quietMs)
    return { answer, commands: call.commands.slice(before) }
  }

  for (const [name, forgery, why] of forgeries) {
    if (!isAccepted(genuine)) {
      add(name, 'unknown', 'not sent, because signed webhooks fail too', why)
      continue
    }
    const call = await dial()
    const { answer, commands } = await observe(call, { event: call.initiated, ...forgery })
    const hasIgnored = isAccepted(answer) && commands.length === 0 && !isSilent
    const isRefused = answer.status !== null && answer.status >= 400
    const observed = `${describe(answer)}${hasIgnored ? ', but no command' : described(commands)}`
    add(name, isRefused ? 'passed' : hasIgnored ? 'unknown' : 'failed', observed, why)
  }
  if (!isAccepted(genuine)) return rows

  const again = await observe(first, { event: first.initiated })
  add(
    'handles a duplicate once',
    !isAccepted(again.answer) || again.commands.length > 0 ? 'failed' : isSilent ? 'unknown' : 'passed',
    `${describe(again.answer)}${described(again.commands)}`,
    'Telnyx may deliver a webhook twice. Answer 2xx, and skip a `data.id` that you have already handled.',
  )

  const ended = await dial()
  const hangup = await deliver({ event: await ended.hangUp() })
  const late = await deliver({ event: ended.initiated })
  add(
    'accepts webhooks in any order',
    isAccepted(hangup) && isAccepted(late) ? 'passed' : 'failed',
    `call.hangup ${describe(hangup)}, then call.initiated ${describe(late)}`,
    'Webhooks may arrive out of order. Answer 2xx also for a call that you do not know or that has ended.',
  )

  const expectAccepted = async (
    name: string,
    why: string,
    change: (event: WebhookEvent) => Omit<Probe, 'signature'>,
  ) => {
    const { initiated } = await dial()
    const answer = await deliver(change(initiated))
    const advice =
      answer.status === 413 ? explainAttempt(answer.attempt, { publicKey, timeoutMs: limitMs })?.text : null
    add(name, isAccepted(answer) ? 'passed' : 'failed', describe(answer), advice ?? why)
  }
  await expectAccepted(
    'accepts an event type that it does not know',
    'Telnyx adds event types. Answer 2xx and ignore them.',
    (event) => ({ event: { ...event, event_type: 'call.future_event' } }),
  )
  await expectAccepted(
    'accepts an indented body',
    'A body that is parsed and serialised again no longer matches its signature. Verify the raw body.',
    (event) => ({ event: { ...event, event_type: 'call.future_event' }, indent: true }),
  )
  await expectAccepted(
    'accepts a body of 256 KiB',
    'Histories of AI conversations grow large. Raise the limit of the body parser, such as 100 kB in Express.',
    (event) => ({ event: withHistory(event) }),
  )

  const { initiated } = await dial()
  const broken = await send({ event: initiated, text: 'This is not JSON.' })
  add(
    'survives a body that is not JSON',
    broken.status !== null && broken.status < 500 ? 'passed' : 'failed',
    describe(broken),
    'An exception in the parser must not reach the server. Answer 400.',
  )

  const last = await deliver({ event: (await dial()).initiated })
  add(
    'still accepts a signed webhook at the end',
    isAccepted(last) ? 'passed' : 'failed',
    describe(last),
    'One of the webhooks above stopped the program. See its log.',
  )
  add(
    `answers within ${limitMs} ms`,
    slowestMs < limitMs ? 'passed' : 'failed',
    `slowest answer ${Math.round(slowestMs)} ms`,
    'Telnyx stops waiting and sends the webhook again. Answer 200 first, and do the work after it.',
  )
  return rows
}

const isAccepted = ({ status }: Answer) => status !== null && status >= 200 && status < 300

const describe = ({ status, error, ms }: Answer) => `${status ?? error ?? 'no answer'} in ${Math.round(ms)} ms`

const described = (commands: readonly string[]) => (commands.length === 0 ? '' : `, then ${commands.join(', ')}`)

const withHistory = (event: WebhookEvent): WebhookEvent => ({
  ...event,
  event_type: 'call.ai_gather.message_history_updated',
  payload: { ...event.payload, message_history: [{ role: 'user', content: 'x'.repeat(HUGE_CHARACTERS) }] },
})

/** Waits up to `ms` for a command after the first `count`. Returns how long it took, or null without a command. */
async function nextCommand({ commands }: DoctorCall, count: number, ms: number): Promise<number | null> {
  const start = performance.now()
  for (;;) {
    const elapsed = performance.now() - start
    if (commands.length > count) return elapsed
    if (elapsed >= ms) return null
    await sleep(POLL_MS)
  }
}
