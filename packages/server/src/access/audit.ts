/** Who commanded what, when, and what became of it: one line at the intent and one at the outcome, without content. */
import { gatherError } from '@callgather/protocol'
import type { HostCallbacks } from '../base/host-callbacks.ts'

/** What one line says. */
export interface AuditEntry {
  readonly what: 'intent' | 'outcome' | 'denied' | 'forgotten' | 'revoked'
  readonly subject?: string | undefined
  readonly callId?: string | undefined
  readonly command?: string | undefined
  readonly commandId?: string | undefined
  readonly template?: string | undefined
  readonly address?: string | undefined
  /** `accepted`, `unknown`, or Telnyx's code. */
  readonly result?: string | undefined
  readonly durationMs?: number | undefined
}

/** A line as it is written. */
export interface AuditLine extends AuditEntry {
  readonly at: string
}

/** Where lines go. Throwing, or rejecting, means that the line is lost. */
export type AuditSink = (line: AuditLine) => void | Promise<void>

/** Writes the trail. */
export class Audit {
  readonly #sink: AuditSink
  readonly #strict: boolean
  readonly #now: () => number
  readonly #hostCallbacks: HostCallbacks
  readonly #pending = new Set<Promise<void>>()

  constructor(deps: { sink: AuditSink; strict: boolean; now: () => number; hostCallbacks: HostCallbacks }) {
    this.#sink = deps.sink
    this.#strict = deps.strict
    this.#now = deps.now
    this.#hostCallbacks = deps.hostCallbacks
  }

  /**
   * Writes a line. Only the intent of a strict trail waits for its sink: a sink that hangs must not delay an answer.
   *
   * @throws GatherError 503 where the trail is strict and the line could not be written.
   */
  async write(entry: AuditEntry): Promise<void> {
    const line = { at: new Date(this.#now()).toISOString(), ...entry }
    const written = this.#hostCallbacks.call('auditSink', () => this.#sink(line))
    const flush = written.catch(() => {}).then(() => void this.#pending.delete(flush))
    this.#pending.add(flush)
    if (!this.#strict || entry.what !== 'intent') return
    await written.catch(() => {
      throw gatherError('unavailable', 'The audit trail cannot be written, so no command is given. Try again later.')
    })
  }

  /** Resolves when every line has reached its sink or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }
}
