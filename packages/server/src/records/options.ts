/** The options of the delivery of records. */
import { z } from 'zod'
import { flag, numberBetween, objectOf } from '../base/check-options.ts'
import { findUrlProblem } from './destination.ts'

/** Where and when the server delivers the record of each finished call. */
export interface RecordOptions {
  /** The URL that receives the records. Required: `undefined` is an error at start. Must be https and public. */
  readonly url: string | undefined
  /**
   * The secrets that sign the records (Standard Webhooks): `whsec_` and the base64 of 24 to 64 bytes. To rotate, pass the
   * old and the new secret until the receiver has the new one: each signs every record.
   * Required: `undefined` is an error at start.
   */
  readonly secret: string | readonly string[] | undefined
  /** How long after the hangup a record waits for the agent's wrap-up, in milliseconds. Default 15 minutes. */
  readonly wrapUpTimeoutMs?: number | undefined
  /** The timeout of one attempt, in milliseconds. Default 10 000, at most 15 000. */
  readonly timeoutMs?: number | undefined
  /** Allows an http URL and private addresses, such as a service in your own network. Default false. */
  readonly allowPrivateUrl?: boolean | undefined
}

/** How long a record waits for a wrap-up by default. */
export const DEFAULT_WRAP_UP_TIMEOUT_MS = 15 * 60_000
const DAY_MS = 86_400_000
/** Must be well below the delay after the first attempt, so that two attempts never overlap. */
const MAX_TIMEOUT_MS = 15_000
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

const SECRET_PROBLEM =
  `must be \`whsec_\` and the base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes. ` +
  'Make one with `echo "whsec_$(openssl rand -base64 32)"`'

/** The schema of one secret. */
export const recordSecret = z.string('must be text').refine((text) => readSecret(text) !== null, SECRET_PROBLEM)

const readSecret = (text: string): Buffer | null => {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  const bytes = encoded === undefined ? null : Buffer.from(encoded, 'base64')
  return bytes && bytes.length >= MIN_SECRET_BYTES && bytes.length <= MAX_SECRET_BYTES ? bytes : null
}

/** The schema of the URL. */
export const recordUrl = (allowPrivateUrl: boolean) =>
  z.string('must be text').superRefine((text, context) => {
    const problem = findUrlProblem(text, allowPrivateUrl)
    if (problem !== null) context.addIssue(problem)
  })

/** The schema of the options. The server reports a missing URL or secret. */
export const recordOptions = objectOf({
  url: z.string('must be text').optional(),
  secret: z.union([recordSecret, z.array(recordSecret).min(1)], { error: () => SECRET_PROBLEM }).optional(),
  wrapUpTimeoutMs: numberBetween(0, DAY_MS),
  timeoutMs: numberBetween(1, MAX_TIMEOUT_MS),
  allowPrivateUrl: flag,
}).superRefine(({ url, allowPrivateUrl = false }, context) => {
  const problem = url === undefined ? null : findUrlProblem(url, allowPrivateUrl)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem, path: ['url'] })
})

/** Returns the bytes of the secrets. */
export const readSecrets = (secret: string | readonly string[]): Buffer[] =>
  [secret].flat().flatMap((text) => readSecret(text) ?? [])
