/**
 * Everything that can go wrong between Telnyx and a program, on demand. Whether a fault strikes is decided by the seed
 * and the event it would strike (see `chance.ts`), never by the order of things, so a failing run can be had again.
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

/** The faults, and what each does. */
export const faultNames: Readonly<Record<FaultName, string>> = {
  duplicate: 'The webhook comes twice.',
  reorder: 'The webhook comes after the next one of its call.',
  delay: 'The webhook comes late.',
  drop: 'The webhook never comes; only the list of deliveries knows of it.',
  badSignature: 'A copy with a signature over other bytes comes first.',
  staleTimestamp: 'A copy signed an hour ago comes first.',
  wrongKey: "A copy signed with someone else's key comes first.",
  gzip: 'The body is compressed.',
  slow: 'The body comes in drops.',
  apiLatency: 'The answer to a command is late.',
  apiError: 'A request fails with 500 and nothing is done.',
  apiRateLimit: 'A request is refused with 429.',
  apiAnswerLost: 'The command is done, but the connection breaks before the answer.',
  apiReset: 'The connection breaks and nothing is done.',
}

const rule = z.strictObject({
  rate: z.number().min(0).max(1),
  ms: z.number().min(0).max(3_600_000).optional(),
  only: z.array(z.string()).readonly().optional(),
  times: z.int().min(0).optional(),
  instead: z.boolean().optional(),
})

/** How often a fault happens, and its details. */
export interface FaultRule {
  /** Probability from 0 (never) to 1 (always). */
  rate: number
  /** Maximum delay in milliseconds, for faults that delay. Defaults: delay 3000, reorder 500, duplicate 100, slow 300, apiLatency 1000. */
  ms?: number | undefined
  /** Event types or, for API faults, commands that it affects. Default: all. */
  only?: readonly string[] | undefined
  /** Maximum number of times it happens. Default: unlimited. */
  times?: number | undefined
  /** For forged copies (`badSignature`, `staleTimestamp`, `wrongKey`): replaces the genuine webhook instead of preceding it. Default false. */
  instead?: boolean | undefined
}

export const faultsSchema = z.partialRecord(
  z.enum(Object.keys(faultNames) as FaultName[]),
  z.preprocess((value) => (typeof value === 'number' ? { rate: value } : value), rule),
)

/** What `createSimulator({ faults })`, the config file and `PUT /_sim/faults` take: a rate, or a rule. */
export type FaultsInput = { [Name in FaultName]?: number | FaultRule }

/** A fault that strikes. */
interface Strike {
  ms: number
  instead: boolean
}

const usualMs: { [Name in FaultName]?: number } = {
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
  /** The active faults. */
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

  /** Does fault `name` strike `subject` (an event or a command) with identity `id`? */
  strikes(name: FaultName, subject: string, id: string): Strike | null {
    const set = this.rules.get(name)
    if (!set || set.left <= 0 || (set.rule.only && !set.rule.only.includes(subject))) return null
    if (this.chance.fraction('fault', name, id) >= set.rule.rate) return null
    set.left -= 1
    // A fixed `ms` is what was asked for; the usual one is a range.
    const ms = set.rule.ms ?? Math.ceil((usualMs[name] ?? 0) * this.chance.fraction('fault ms', name, id))
    return { ms, instead: set.rule.instead ?? false }
  }
}
