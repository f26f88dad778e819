/**
 * Settings for behaviour that Telnyx does not document. Each default is the most likely behaviour. A program that works
 * with every value works on the real platform. rules such as L7 are rows of the tables in RULES.md.
 */
import { z } from 'zod'
import { type AiSettings, aiSettings } from '../assistant/settings.ts'
import { type GatherSettings, gatherSettings } from '../gather/settings.ts'
import { type LegSettings, legSettings } from '../leg/settings.ts'
import { read } from './read.ts'

/** Settings of sound durations. */
export interface AudioSettings {
  /** Duration of speech per character of text, in milliseconds. Default `60`. */
  speechMsPerCharacter: number
  /** Duration of every audio file, in milliseconds. Files are never downloaded. Default `3000`. */
  mediaMs: number
  /** Files that fail to play, by URL or media name, with the status and detail in `call.playback.ended`. Default `{}`. */
  brokenMedia: Record<string, { status: 'file_not_found' | 'failed'; status_detail?: string | undefined }>
}

const audioSettings = z.strictObject({
  speechMsPerCharacter: z.number().default(60),
  mediaMs: z.number().default(3000),
  brokenMedia: z
    .record(
      z.string(),
      z.strictObject({ status: z.enum(['file_not_found', 'failed']), status_detail: z.string().optional() }),
    )
    .default({}),
})

/** Settings of the Telnyx API. */
export interface ApiSettings {
  /** API keys that the simulator accepts; `null` accepts any non-empty key. Default `null`. */
  apiKeys: readonly string[] | null
  /** Largest request body in bytes. Default `1_048_576`. */
  maxBodyBytes: number
  /** Whether a command without a body counts as `{}`, or is refused because the specification requires a body. Default `'accept'`. */
  emptyBody: 'accept' | 'refuse'
  /** Whether to ignore body fields that Telnyx does not have, or to refuse them, which finds misspellings. Default `'ignore'`. */
  unknownFields: 'ignore' | 'refuse'
  /** Whether to treat `null` in an optional field as absent and remove line breaks from `client_state`, or to refuse both. Default `'accept'`. */
  undocumentedValues: 'accept' | 'refuse'
  /** Value of the header `x-ratelimit-limit`: API requests per `rateLimitWindowMs`. Default `1000`. */
  rateLimit: number
  /** Window of the rate limit, in milliseconds. Default `60_000`. */
  rateLimitWindowMs: number
  /** Whether to respond with 429 and code 10011 above `rateLimit`. If false, only the headers count requests. Default `false`. */
  enforceRateLimit: boolean
  /** `metadata` of a webhook in `GET /call_events`: the whole event with its id, or only its payload. Default `'event'`. */
  callEventMetadata: 'event' | 'payload'
}

const apiSettings = z.strictObject({
  apiKeys: z.array(z.string()).readonly().nullable().default(null),
  maxBodyBytes: z.number().default(1_048_576),
  emptyBody: z.enum(['accept', 'refuse']).default('accept'),
  unknownFields: z.enum(['ignore', 'refuse']).default('ignore'),
  undocumentedValues: z.enum(['accept', 'refuse']).default('accept'),
  rateLimit: z.number().default(1000),
  rateLimitWindowMs: z.number().default(60_000),
  enforceRateLimit: z.boolean().default(false),
  callEventMetadata: z.enum(['event', 'payload']).default('event'),
})

/** Settings of webhook delivery. */
export interface DeliverySettings {
  /** Timeout of a webhook receiver's response, in milliseconds. Default `2000`. */
  timeoutMs: number
  /** Pauses before the second, third, … attempt, in milliseconds. The `webhook_retries_policies` of a call override them. Default `[1000, 2000, 5000]`. */
  retriesMs: readonly number[]
  /** When to try the failover URL: after all retries, or after each failed attempt. Default `'after-retries'`. */
  failover: 'after-retries' | 'each-attempt'
  /**
   * Format of the query with `webhook_url_method: GET`, which Telnyx does not document: payload fields, such as
   * `data[payload][digit]=5`, or `data` and `meta` as JSON. The signature covers an empty body in both formats. Default `'brackets'`.
   */
  getQuery: 'brackets' | 'json'
  /** Share of webhook bodies (0 to 1) that are indented, which finds receivers that re-serialise a body before verifying it. Default `0.1`. */
  prettyPrintRate: number
  /** Whether webhooks may go to hosts other than loopback. Default `false`. */
  allowRemote: boolean
  /** Number of deliveries, call events and activity log entries kept in memory. Default `5000`. */
  historySize: number
}

const deliverySettings = z.strictObject({
  timeoutMs: z.number().default(2000),
  retriesMs: z.array(z.number()).readonly().default([1000, 2000, 5000]),
  failover: z.enum(['after-retries', 'each-attempt']).default('after-retries'),
  getQuery: z.enum(['brackets', 'json']).default('brackets'),
  prettyPrintRate: z.number().default(0.1),
  allowRemote: z.boolean().default(false),
  historySize: z.number().default(5000),
})

/** Settings of text messages. */
export interface MessagingSettings {
  /** Time from `POST /messages` to `message.sent`, in milliseconds. Default `200`. */
  sentAfterMs: number
  /** Time from `message.sent` to `message.finalized`, in milliseconds. Default `1000`. */
  finalizedAfterMs: number
  /** Final status of messages to a number, by number. Default `{}`: all messages are `delivered`. */
  outcomes: Record<string, 'delivered' | 'delivery_failed' | 'sending_failed'>
}

const messagingSettings = z.strictObject({
  sentAfterMs: z.number().default(200),
  finalizedAfterMs: z.number().default(1000),
  outcomes: z.record(z.string(), z.enum(['delivered', 'delivery_failed', 'sending_failed'])).default({}),
})

const allSettings = z.strictObject({
  leg: legSettings.prefault({}),
  gather: gatherSettings.prefault({}),
  ai: aiSettings.prefault({}),
  audio: audioSettings.prefault({}),
  api: apiSettings.prefault({}),
  delivery: deliverySettings.prefault({}),
  messaging: messagingSettings.prefault({}),
})

/** All settings, by group. */
export interface Settings {
  leg: LegSettings
  gather: GatherSettings
  ai: AiSettings
  audio: AudioSettings
  api: ApiSettings
  delivery: DeliverySettings
  messaging: MessagingSettings
}

/** Settings by group, for `createSimulator({ settings })` and the config file. Omitted settings keep their defaults. */
export type SettingsInput = {
  [Group in keyof Settings]?:
    | {
        [Name in keyof Settings[Group]]?:
          | (Name extends 'endedReason' ? Partial<Settings[Group][Name]> : Settings[Group][Name])
          | undefined
      }
    | undefined
}

/** The default values of all settings. */
export const defaultSettings: Settings = allSettings.parse({})

/** Merges `input` with the default settings. Throws a TypeError on an unknown name, so that a misspelling is not ignored. */
export const resolveSettings = (input: SettingsInput = {}): Settings => read(allSettings, input, 'settings')
