/**
 * Everything that can go wrong between Telnyx and a program, on demand. Whether a fault strikes is decided by the seed
 * and the event it would strike (see `chance.ts`), never by the order of things, so a failing run can be had again.
 */
import type { Chance } from '../clock/chance.ts'

/** The faults, and what each does. */
export const faultNames = {
  /** The webhook comes twice. */
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

/** One fault: how often, or that and more. */
export interface FaultRule {
  /** How often it strikes: 0 never, 1 always. */
  rate: number
  /** For faults that take time, how long at most, in milliseconds. Defaults: delay 3000, reorder 500, duplicate 100, slow 300, apiLatency 1000. */
  ms?: number
  /** Only these event types, or commands for the API's faults. Default: all. */
  only?: readonly string[]
  /** It strikes at most so many times. Default: no limit. */
  times?: number
  /** The forged copies (`badSignature`, `staleTimestamp`, `wrongKey`): comes instead of the genuine webhook, not before it. Default false. */
  instead?: boolean
}

/** What `createSimulator({ faults })`, the config file and `PUT /_sim/faults` take: a rate, or a rule. */
export type FaultsInput = { [Name in FaultName]?: number | FaultRule }

/** A fault that strikes. */
export interface Strike {
  name: FaultName
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
  private rules = new Map<FaultName, FaultRule & { left: number }>()

  constructor(chance: Chance, input: FaultsInput = {}) {
    this.chance = chance
    this.set(input)
  }

  /** Replaces all faults. Throws a readable error, and changes nothing, when `input` is not right. */
  set(input: FaultsInput): void {
    const rules = new Map<FaultName, FaultRule & { left: number }>()
    for (const [name, value] of Object.entries(input)) {
      const rule = readRule(name, value)
      if (rule.rate > 0) rules.set(name as FaultName, { ...rule, left: rule.times ?? Number.POSITIVE_INFINITY })
    }
    this.rules = rules
  }

  /** The faults that are on. */
  get(): FaultsInput {
    return Object.fromEntries([...this.rules].map(([name, { left: _, ...rule }]) => [name, rule]))
  }

  /** Does fault `name` strike `subject` (an event or a command) with identity `id`? */
  strikes(name: FaultName, subject: string, id: string): Strike | null {
    const rule = this.rules.get(name)
    if (!rule || rule.left <= 0 || (rule.only && !rule.only.includes(subject))) return null
    if (this.chance.fraction('fault', name, id) >= rule.rate) return null
    rule.left -= 1
    const most = rule.ms ?? usualMs[name] ?? 0
    // A fixed `ms` is what was asked for; the usual one is a range.
    const ms = rule.ms ?? Math.ceil(most * this.chance.fraction('fault ms', name, id))
    return { name, ms, instead: rule.instead ?? false }
  }
}

function readRule(name: string, value: unknown): FaultRule {
  if (!Object.hasOwn(faultNames, name))
    throw new TypeError(`There is no fault "${name}". There are: ${Object.keys(faultNames).join(', ')}.`)
  const rule: unknown = typeof value === 'number' ? { rate: value } : value
  if (!isRecord(rule))
    throw new TypeError(`Fault "${name}" needs a rate from 0 to 1, or { rate, ms, only, times, instead }.`)
  const { rate, ms, only, times, instead } = rule
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1))
    throw new TypeError(`Fault "${name}": rate must be a number from 0 to 1.`)
  if (ms !== undefined && (typeof ms !== 'number' || !(ms >= 0 && ms <= 3_600_000)))
    throw new TypeError(`Fault "${name}": ms must be milliseconds from 0 to 3600000.`)
  if (only !== undefined && !(Array.isArray(only) && only.every((item) => typeof item === 'string')))
    throw new TypeError(`Fault "${name}": only must be a list of event types or commands.`)
  if (times !== undefined && !(Number.isInteger(times) && Number(times) >= 0))
    throw new TypeError(`Fault "${name}": times must be a whole number.`)
  if (instead !== undefined && typeof instead !== 'boolean')
    throw new TypeError(`Fault "${name}": instead must be true or false.`)
  return {
    rate,
    ...(ms === undefined ? {} : { ms }),
    ...(only === undefined ? {} : { only }),
    ...(times === undefined ? {} : { times: Number(times) }),
    ...(instead === undefined ? {} : { instead }),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
