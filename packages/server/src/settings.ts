/** The limits of a server: their defaults, and a check of what the host has set. */
import { z } from 'zod'
import { defaultRates, type Rates } from './access/subject-rates.ts'
import { defaultBackpressure } from './relay/backpressure.ts'
import { defaultLiveness } from './relay/liveness.ts'
import { defaultRelayLimits, type RelayLimits } from './relay/relay.ts'

/** Every limit of a server. */
export interface ServerLimits extends RelayLimits {
  /**
   * Commands a second for one subject, and at once, denied ones included. Default 10 and 20. Tickets that are `trusted`,
   * and `gather.call(id)`, have no limit for what they may do.
   */
  readonly commandsPerSecond: number
  readonly commandBurst: number
  /** The same for `gather_stop` and `ai_assistant_stop`, counted on their own. Default 10 and 20. */
  readonly stopsPerSecond: number
  readonly stopBurst: number
  /** How often one subject may do each kind of request. Webhooks are in none of these, nor are commands. */
  readonly rates: Rates
}

/** Some of an object's settings, at every depth; `undefined` means the default. */
export type SomeOf<T> = { readonly [Key in keyof T]?: (T[Key] extends number ? T[Key] : SomeOf<T[Key]>) | undefined }

const above0 = 'must be a finite number above 0'
const numberOr = (fallback: number) => z.number(above0).positive(above0).prefault(fallback)
const rateOr = ({ perSecond, burst }: Rates[keyof Rates]) =>
  z
    .strictObject({
      perSecond: numberOr(perSecond),
      burst: z.number(above0).min(1, 'must be at least 1').prefault(burst),
    })
    .prefault({})

const relay = defaultRelayLimits
const limitsSchema = z.strictObject({
  maxConnections: numberOr(relay.maxConnections),
  maxConnectionsPerSubject: numberOr(relay.maxConnectionsPerSubject),
  handshakesPerSecond: numberOr(relay.handshakesPerSecond),
  handshakeBurst: numberOr(relay.handshakeBurst),
  backpressure: z
    .strictObject({
      bytes: numberOr(defaultBackpressure.bytes),
      messages: numberOr(defaultBackpressure.messages),
      ageMillis: numberOr(defaultBackpressure.ageMillis),
    })
    .prefault({}),
  liveness: z
    .strictObject({
      everyMillis: numberOr(defaultLiveness.everyMillis),
      patienceMillis: numberOr(defaultLiveness.patienceMillis),
    })
    .prefault({}),
  commandsPerSecond: numberOr(10),
  commandBurst: numberOr(20),
  stopsPerSecond: numberOr(10),
  stopBurst: numberOr(20),
  rates: z
    .strictObject({
      reads: rateOr(defaultRates.reads),
      exports: rateOr(defaultRates.exports),
      erasures: rateOr(defaultRates.erasures),
      connections: rateOr(defaultRates.connections),
      socketRequests: rateOr(defaultRates.socketRequests),
      denied: rateOr(defaultRates.denied),
    })
    .prefault({}),
})

/**
 * The limits with their defaults.
 *
 * @throws when one is misspelt or impossible; the message names it.
 */
export function readLimits(given: SomeOf<ServerLimits> = {}): ServerLimits {
  const read = limitsSchema.safeParse(given)
  if (read.success) return read.data
  const problems = read.error.issues.map((issue) => {
    const path = ['limits', ...issue.path].join('.')
    if (issue.code !== 'unrecognized_keys') return `\`${path}\` ${issue.message}.`
    return issue.keys.map((key) => `\`${path}.${key}\` is not a limit. Check its spelling.`).join(' ')
  })
  throw new Error(problems.join(' '))
}

/**
 * Checks an option that is a number.
 *
 * @throws when it is out of range; the message names it.
 */
export function checkRange(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (value >= min && value <= max)) return
  throw new Error(`\`${name}\` must be a number from ${min} to ${max}.`)
}
