/**
 * Faults between Telnyx and a program. The seed and the event id decide whether a fault happens (see `chance.ts`), not the
 * order of events, so a failing run can be repeated.
 */
import { z } from 'zod'
import type { Chance } from '../clock/chance.ts'
import { read } from '../settings/read.ts'

/** The name of a fault. */
export type FaultName =
  | 'duplicate'
  | 'reorder'
  | 'delay'
  | 'drop'
  | 'badSignature'
  | 'staleTimestamp'
  | 'wrongKey'
  | 'gzip'
  | 'slow'
  | 'apiLatency'
  | 'apiError'
  | 'apiRateLimit'
  | 'apiAnswerLost'
  | 'apiReset'

/** The name and description of each fault. */
export const faultNames: Readonly<Record<FaultName, string>> = {
  duplicate: 'Delivers the webhook twice.',
  reorder: 'Delivers the webhook after the next webhook of its call.',
  delay: 'Delivers the webhook late.',
  drop: 'Never sends the webhook; the list of deliveries shows it as failed.',
  badSignature: 'Sends a copy with an invalid signature first.',
  staleTimestamp: 'Sends a copy with an hour-old timestamp first.',
  wrongKey: 'Sends a copy signed with a different key first.',
  gzip: 'Compresses the body with gzip.',
  slow: 'Sends the body slowly, in chunks.',
  apiLatency: 'Delays the response to a command.',
  apiError: 'Rejects a request with 500 and does nothing.',
  apiRateLimit: 'Rejects a request with 429.',
  apiAnswerLost: 'Executes the command, then closes the connection before the response.',
  apiReset: 'Closes the connection and does nothing.',
}

const rule = z.strictObject({
  rate: z.number().min(0).max(1),
  ms: z.number().min(0).max(3_600_000).optional(),
  only: z.array(z.string()).readonly().optional(),
  times: z.int().min(0).optional(),
  instead: z.boolean().optional(),
})

/** How often a fault happens, and its options. */
export interface FaultRule {
  /** Probability of the fault, from 0 (never) to 1 (always). */
  rate: number
  /** Delay in milliseconds, for faults that delay. Default: random, up to delay 3000, reorder 500, duplicate 100, slow 300, apiLatency 1000. */
  ms?: number | undefined
  /** Event types or, for API faults, commands that the fault affects. Default: all. */
  only?: readonly string[] | undefined
  /** Maximum number of times that the fault happens. Default: unlimited. */
  times?: number | undefined
  /** For `badSignature`, `staleTimestamp` and `wrongKey`: sends the forged copy instead of the genuine webhook. Default false. */
  instead?: boolean | undefined
}

export const faultsSchema = z.partialRecord(
  z.enum(Object.keys(faultNames) as FaultName[]),
  z.preprocess((value) => (typeof value === 'number' ? { rate: value } : value), rule),
)

/** Faults by name, each with a rate or a rule: for `createSimulator({ faults })`, the config file and `PUT /_sim/faults`. */
export type FaultsInput = { [Name in FaultName]?: number | FaultRule }

/** The delay and mode of a fault that happens. */
interface Strike {
  ms: number
  instead: boolean
}

const defaultMs: { [Name in FaultName]?: number } = {
  delay: 3000,
  reorder: 500,
  duplicate: 100,
  slow: 300,
  apiLatency: 1000,
}

/** Reads and replaces the active faults. */
export interface FaultControls {
  /** Replaces all faults. Throws a TypeError, and changes nothing, if `input` is invalid. */
  set(input: FaultsInput): void
  /** Returns the active faults. */
  get(): FaultsInput
}

export class Faults implements FaultControls {
  private readonly chance: Chance
  private readonly rules = new Map<string, { rule: FaultRule; left: number }>()

  constructor(chance: Chance, input: FaultsInput = {}) {
    this.chance = chance
    this.set(input)
  }

  set(input: FaultsInput): void {
    const rules = read(faultsSchema, input, 'faults')
    this.rules.clear()
    for (const [name, rule] of Object.entries(rules))
      if (rule.rate > 0) this.rules.set(name, { rule, left: rule.times ?? Number.POSITIVE_INFINITY })
  }

  get(): FaultsInput {
    return Object.fromEntries([...this.rules].map(([name, { rule }]) => [name, rule]))
  }

  /** Decides whether the fault `name` affects `subject` (an event type or a command) with this `id`. Returns null if not. */
  strikes(name: FaultName, subject: string, id: string): Strike | null {
    const set = this.rules.get(name)
    if (!set || set.left <= 0 || (set.rule.only && !set.rule.only.includes(subject))) return null
    if (this.chance.fraction('fault', name, id) >= set.rule.rate) return null
    set.left -= 1
    // A configured `ms` is exact; the default is the maximum of a random delay.
    const ms = set.rule.ms ?? Math.ceil((defaultMs[name] ?? 0) * this.chance.fraction('fault ms', name, id))
    return { ms, instead: set.rule.instead ?? false }
  }
}
