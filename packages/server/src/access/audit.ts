/** The audit trail: each command gets a line for its intent and a line for its outcome, without content. */
import { gatherError } from '@callgather/protocol'
import type { HostCallbacks } from '../base/host-callbacks.ts'

/** The content of an audit line. */
export interface AuditEntry {
  readonly what: 'intent' | 'outcome' | 'denied' | 'wrapped_up' | 'requeued' | 'forgotten' | 'revoked'
  readonly subject?: string | undefined
  readonly callId?: string | undefined
  readonly command?: string | undefined
  readonly commandId?: string | undefined
  readonly template?: string | undefined
  readonly address?: string | undefined
  /** The outcome of the command: `accepted`, `unknown`, or Telnyx's error code. */
  readonly result?: string | undefined
  readonly durationMs?: number | undefined
}

/** An audit line with its time, in ISO 8601. */
export interface AuditLine extends AuditEntry {
  readonly at: string
}

/** Receives audit lines. Throws or rejects when it could not write a line. */
export type AuditSink = (line: AuditLine) => void | Promise<void>

/** Writes the audit trail. */
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
   * Writes an audit line. Waits for the sink only for an intent in a strict trail, so that a slow sink delays no answer.
   *
   * @throws GatherError 503 when the trail is strict and the intent could not be written.
   */
  async write(entry: AuditEntry): Promise<void> {
    const line = { at: new Date(this.#now()).toISOString(), ...entry }
    const written = this.#hostCallbacks.call('auditSink', () => this.#sink(line))
    const flush = written.catch(() => {}).then(() => void this.#pending.delete(flush))
    this.#pending.add(flush)
    if (!this.#strict || entry.what !== 'intent') return
    await written.catch(() => {
      throw gatherError(
        'unavailable',
        'The audit trail cannot be written, so the command was not sent. Try again later.',
      )
    })
  }

  /** Resolves when the sink has taken or failed to take every audit line. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }
}
