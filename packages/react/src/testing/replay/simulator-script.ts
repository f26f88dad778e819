/**
 * Writes an exported call as a program for the simulator: a caller who does the same, and the commands of the call. What
 * the simulator can't reproduce is left out, and a comment says so.
 */
import {
  type CallState,
  foldCall,
  HIDDEN_DIGIT,
  isCommandName,
  isDigitGather,
  type PlaybackEntry,
  selectGather,
  selectHungUpBy,
  type TimelineEntry,
} from '@callgather/protocol'
import type { ExportedCall } from '@callgather/protocol/scenarios'
import { checkCommand } from '@callgather/protocol/schema'
import type { PastedFile } from './vitest-file.ts'

/** Returns a program for Node.js that runs on the simulator and checks how each gather of digits ended. */
export function simulatorScript(call: ExportedCall): PastedFile {
  const state = foldCall(call.callId, call.events)
  const text = `// From an exported call: a caller who does the same on a simulated Telnyx.
// Needs: npm install --save-dev @callgather/simulator. Run: node incident.mjs
// The script also sends the commands of the call. To call your own program, set WEBHOOK_URL to its webhook address:
// then your program answers and sends the commands, and the script takes as long as the call.
import assert from 'node:assert/strict'
import { createSimulator, virtualClock } from '@callgather/simulator'

const webhookUrl = process.env.WEBHOOK_URL
const clock = webhookUrl ? undefined : virtualClock()
const sim = await createSimulator({ webhookUrl, clock })
const timeoutMs = 300_000

async function post(path, body) {
  if (webhookUrl) return
  const headers = { authorization: 'Bearer simulated', 'content-type': 'application/json' }
  const response = await sim.fetch(\`\${sim.url}\${path}\`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) console.error('The simulator refused', path, await response.text())
}

async function run() {
${new ScriptWriter(state)
  .write()
  .map((line) => `  ${line}\n`)
  .join('')}}

const running = run()
await (clock ? clock.runUntil(running) : running)
await sim.close()
console.log('The caller did the same as in the exported call.')
`
  return { fileName: 'incident.mjs', text }
}

/** Writes the statements of the script, in the order of the call's timeline. */
class ScriptWriter {
  readonly #state: CallState
  readonly #lines: string[] = []
  /** The time of the call that the script has reached, in milliseconds. */
  #nowMs: number | null = null
  #keys: { text: string; everyMs: number[] } | null = null
  /** The checks of gathers that the hang-up ends. */
  readonly #afterHangup: string[] = []
  #leftOut: { readonly what: string; count: number } | null = null

  constructor(state: CallState) {
    this.#state = state
  }

  write(): readonly string[] {
    this.#dial()
    for (const entry of this.#state.timeline) this.#add(entry)
    this.#endKeys()
    if (!this.#state.hangup) this.#push('await caller.hangUp()')
    this.#push()
    return this.#lines
  }

  get #isOutgoing(): boolean {
    return this.#state.initiated?.direction === 'outgoing'
  }

  #dial(): void {
    const { from, to } = this.#state.parties ?? {}
    const numbers = { from, to }
    if (this.#isOutgoing) {
      this.#push(
        `const ringing = sim.phone.nextCall({ timeoutMs })`,
        `await post('/calls', ${literal({ ...numbers, connection_id: '1684641123236054244' })})`,
        `const caller = await ringing`,
      )
    } else this.#push(`const caller = await sim.phone.dial(${literal(numbers)})`)
    this.#push(
      `const command = (name, body) => post(\`/calls/\${caller.id}/actions/\${name}\`, body)`,
      'const gatherEnded = async () => {',
      `  const { payload } = await caller.waitFor('call.gather.ended', { timeoutMs })`,
      '  return [payload.status, payload.digits]',
      '}',
    )
  }

  #add(entry: TimelineEntry): void {
    if (entry.kind === 'key') {
      this.#addKey(entry)
      return
    }
    if (entry.kind === 'playback') {
      this.#addPrompt(entry)
      return
    }
    this.#endKeys()
    switch (entry.kind) {
      case 'lifecycle':
        this.#addLifecycle(entry)
        break
      case 'command':
        this.#addCommand(entry)
        break
      case 'message':
        this.#addMessage(entry)
        break
      case 'gather_end':
        this.#addGatherEnd(entry)
        break
      case 'speech':
        this.#leaveOut('call.transcription, because it needs your program')
        break
    }
  }

  #addLifecycle({ eventType, at }: Extract<TimelineEntry, { kind: 'lifecycle' }>): void {
    switch (eventType) {
      case 'call.initiated':
        this.#nowMs = Date.parse(at)
        return
      case 'call.answered':
        this.#wait(at)
        this.#push(
          this.#isOutgoing ? 'await caller.answer()' : `await command('answer', {})`,
          `await caller.answered({ timeoutMs })`,
        )
        return
      case 'call.hangup':
        this.#wait(at)
        this.#push(
          selectHungUpBy(this.#state) === 'us' ? `await command('hangup', {})` : 'await caller.hangUp()',
          `await caller.ended({ timeoutMs })`,
          ...this.#afterHangup,
        )
        return
      case 'call.closed':
      case 'call.conversation.created':
      case 'call.conversation.ended':
      case 'call.conversation_insights.generated':
        return
      default:
        this.#leaveOut(`${eventType}, because it comes from another program`)
    }
  }

  #addKey({ digit, at, gatherId }: Extract<TimelineEntry, { kind: 'key' }>): void {
    // A visible terminating key without the masked keys before it would end the request in another way.
    const isOfMasked = gatherId !== null && selectGather(this.#state, gatherId)?.mask !== undefined
    if (digit === null || isOfMasked) {
      this.#leaveOut('a masked key')
      return
    }
    if (!/^[0-9*#]$/.test(digit)) {
      this.#leaveOut('a key that the phone of the simulator does not have')
      return
    }
    if (this.#keys && this.#nowMs !== null) {
      this.#keys.text += digit
      this.#keys.everyMs.push(Math.max(0, Date.parse(at) - this.#nowMs))
      this.#nowMs = Date.parse(at)
      return
    }
    this.#wait(at)
    this.#keys = { text: digit, everyMs: [] }
  }

  #endKeys(): void {
    const keys = this.#keys
    this.#keys = null
    if (!keys) return
    const options = keys.everyMs.length > 0 ? `, { everyMs: ${literal(keys.everyMs)} }` : ''
    this.#push(`await caller.press(${literal(keys.text)}${options})`)
  }

  /** Waits for the end of a prompt, because a prompt may take longer or shorter in the simulator. */
  #addPrompt({ edge, status, gatherId, at }: PlaybackEntry): void {
    if (edge !== 'ended' || gatherId === null || !this.#isSent(gatherId)) return
    this.#endKeys()
    const isWhole = status === 'completed'
    this.#push(`await caller.waitForPrompt('', { toTheEnd: ${isWhole}, timeoutMs })`)
    if (isWhole) this.#nowMs = Date.parse(at)
  }

  /** Whether the script sends the command with this id. */
  #isSent(id: string): boolean {
    return this.#reasonNotSent(id) === null
  }

  #reasonNotSent(id: string): string | null {
    const { request, outcome } = this.#state.commands.get(id) ?? {}
    if (!request) return 'it comes from another program'
    if (!isCommandName(request.command)) return 'the script does not know it'
    if (outcome?.status === 'refused') return `Telnyx refused it: ${outcome.code} ${outcome.title}`
    if (outcome?.status !== 'accepted' && selectGather(this.#state, id)?.status !== 'ended')
      return 'Telnyx did not answer it'
    return checkCommand(request.command, request.body).ok ? null : 'a part of it is masked'
  }

  #addCommand({ id, at, command }: Extract<TimelineEntry, { kind: 'command' }>): void {
    const name = command.request?.command ?? 'a command'
    const reason = this.#reasonNotSent(id)
    if (reason !== null) {
      this.#leaveOut(`the command ${name}, because ${reason}`)
      return
    }
    this.#wait(at)
    const body = literal(command.request?.body)
    if (body.includes(HIDDEN_DIGIT))
      this.#push(comment('Left out: texts of the next command, because they are masked.'))
    this.#push(`await command(${literal(name)}, ${body})`)
  }

  #addMessage({ role, content, at }: Extract<TimelineEntry, { kind: 'message' }>): void {
    if (role !== 'user') return
    if (isMasked(content)) {
      this.#leaveOut('words of the caller, because they are masked')
      return
    }
    this.#push(
      `await caller.waitForPrompt('', { toTheEnd: true }).catch(() => console.error('The simulated AI is silent.'))`,
      `await caller.say(${literal(content)})`,
    )
    this.#nowMs = Date.parse(at)
  }

  #addGatherEnd({
    gatherId,
    status,
    digits,
    gathered,
    result,
    at,
  }: Extract<TimelineEntry, { kind: 'gather_end' }>): void {
    if (!this.#isSent(gatherId)) {
      this.#leaveOut('the end of a request that the script does not send')
      return
    }
    const gather = selectGather(this.#state, gatherId)
    if (gathered === 'fields' || !isDigitGather(gather?.command ?? undefined)) {
      this.#push(
        comment(
          result === null
            ? 'Left out: the result, because it is masked.'
            : `Left out: the result ${literal(result)}, because the simulated AI may collect other values.`,
        ),
        `await caller.waitFor('call.ai_gather.ended').catch(() => command('ai_assistant_stop', {}))`,
      )
      this.#nowMs = Date.parse(at)
      return
    }
    if (digits === null || gather?.mask) {
      this.#wait(at)
      this.#push(comment('Left out: how this request ended, because the keys are masked.'))
      if (status !== 'call_hangup') this.#push(`await command('gather_stop', {})`, 'await gatherEnded()')
      return
    }
    const checks = [`assert.deepEqual(await gatherEnded(), ${literal([status, digits])})`]
    if (status === 'call_hangup') this.#afterHangup.push(...checks)
    else {
      this.#push(...checks)
      this.#nowMs = Date.parse(at)
    }
  }

  /** Waits as long as the call did. */
  #wait(at: string): void {
    const atMs = Date.parse(at)
    const delayMs = this.#nowMs === null ? 0 : atMs - this.#nowMs
    if (delayMs > 0) this.#push(`await caller.wait(${delayMs})`)
    this.#nowMs = Math.max(this.#nowMs ?? atMs, atMs)
  }

  /** Adds a comment about a thing that the script leaves out. Counts the same thing several times in a row. */
  #leaveOut(what: string): void {
    if (this.#leftOut?.what === what) this.#leftOut.count++
    else {
      this.#push()
      this.#leftOut = { what, count: 1 }
    }
  }

  #push(...lines: string[]): void {
    const leftOut = this.#leftOut
    this.#leftOut = null
    if (leftOut) {
      const { what, count } = leftOut
      this.#lines.push(comment(`Left out${count > 1 ? ` ${count} times` : ''}: ${what}.`))
    }
    this.#lines.push(...lines)
  }
}

/** Whether a text is what the server puts in the place of a masked text. */
const isMasked = (text: string) => text !== '' && text.replaceAll(HIDDEN_DIGIT, '') === ''

const literal = (value: unknown): string => JSON.stringify(value)

/** Writes a comment. A line break in a text of the call would end the comment, and the rest would run as code. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern replaces control characters
const comment = (text: string): string => `// ${text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')}`
