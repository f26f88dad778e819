/**
 * Everything that can go wrong between Telnyx and a program, on demand. Whether a fault strikes is decided by the seed
 * and the event it would strike (see `chance.ts`), never by the order of things, so a failing run can be had again.
 */
import { z } from 'zod'
import type { Chance } from '../clock/chance.ts'
import { read } from '../settings/read.ts'

/** The faults, and what each does. */
export const faultNames = {
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
} as const

export type FaultName = keyof typeof faultNames

const rule = z.strictObject({
  /** How often it strikes: 0 never, 1 always. */
  rate: z.number().min(0).max(1),
  /** For faults that take time, how long at most, in milliseconds. Defaults: delay 3000, reorder 500, duplicate 100, slow 300, apiLatency 1000. */
  ms: z.number().min(0).max(3_600_000).optional(),
  /** Only these event types, or commands for the API's faults. Default: all. */
  only: z.array(z.string()).readonly().optional(),
  /** It strikes at most so many times. Default: no limit. */
  times: z.int().min(0).optional(),
  /** The forged copies (`badSignature`, `staleTimestamp`, `wrongKey`): comes instead of the genuine webhook, not before it. Default false. */
  instead: z.boolean().optional(),
})

/** One fault: how often, or that and more. */
export type FaultRule = z.infer<typeof rule>

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

export class Faults {
  private readonly chance: Chance
  private readonly rules = new Map<string, { rule: FaultRule; left: number }>()

  constructor(chance: Chance, input: FaultsInput = {}) {
    this.chance = chance
    this.set(input)
  }

  /** Replaces all faults. Throws a readable error, and changes nothing, when `input` is not right. */
  set(input: FaultsInput): void {
    const rules = read(faultsSchema, input, 'faults')
    this.rules.clear()
    for (const [name, rule] of Object.entries(rules))
      if (rule.rate > 0) this.rules.set(name, { rule, left: rule.times ?? Number.POSITIVE_INFINITY })
  }

  /** The faults that are on. */
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
