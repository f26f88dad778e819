/**
 * Settings for behaviour that Telnyx does not document. Each default is the most likely reading. A program that works with
 * every value works on the real platform. The rules (L…, G…, A…) are rows of the tables in this package's README.
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
  /** Media that fails to play, by URL or name: the status and detail its `call.playback.ended` carries. */
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
  /** Accepted API keys; `null` accepts any non-empty key. Default `null`. */
  apiKeys: readonly string[] | null
  /** Largest request body in bytes. Default `1_048_576`. */
  maxBodyBytes: number
  /** A command without a body counts as `{}`, or is refused as the specification's `required: true` says. Default `'accept'`. */
  emptyBody: 'accept' | 'refuse'
  /** Body fields Telnyx does not have: ignored, or refused, to find misspellings. Default `'ignore'`. */
  unknownFields: 'ignore' | 'refuse'
  /** The number in `x-ratelimit-limit`: requests per `rateLimitWindowMs`. Default `1000`. */
  rateLimit: number
  /** Window of the rate limit, in milliseconds. Default `60_000`. */
  rateLimitWindowMs: number
  /** Respond with 429 and code 10011 above the limit. If false, only the headers count requests. Default `false`. */
  enforceRateLimit: boolean
  /** `metadata` of a webhook in `GET /call_events`: the whole event, with its id, or only its payload. Default `'event'`. */
  callEventMetadata: 'event' | 'payload'
}

const apiSettings = z.strictObject({
  apiKeys: z.array(z.string()).readonly().nullable().default(null),
  maxBodyBytes: z.number().default(1_048_576),
  emptyBody: z.enum(['accept', 'refuse']).default('accept'),
  unknownFields: z.enum(['ignore', 'refuse']).default('ignore'),
  rateLimit: z.number().default(1000),
  rateLimitWindowMs: z.number().default(60_000),
  enforceRateLimit: z.boolean().default(false),
  callEventMetadata: z.enum(['event', 'payload']).default('event'),
})

/** Settings of webhook delivery. */
export interface DeliverySettings {
  /** Response timeout of receivers, in milliseconds. Default `2000`. */
  timeoutMs: number
  /** Waits before the second, third, … attempt, unless the call's `webhook_retries_policies` names the event. Default `[1000, 2000, 5000]`. */
  retriesMs: readonly number[]
  /** When to try the failover URL: after all retries, or after each failed attempt. Default `'after-retries'`. */
  failover: 'after-retries' | 'each-attempt'
  /**
   * What `webhook_url_method: GET` puts into the query, of which only "the payload" is documented: its fields, as
   * `data[payload][digit]=5`, or `data` and `meta` as JSON. The signature is over no body either way. Default `'brackets'`.
   */
  getQuery: 'brackets' | 'json'
  /** Share of webhook bodies that are indented, to find receivers that re-serialise a body before they verify it. Default `0.1`. */
  prettyPrintRate: number
  /** Allow webhooks to hosts other than loopback. Default `false`. */
  allowRemote: boolean
  /** Number of deliveries and events kept in memory. Default `5000`. */
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

const allSettings = z.strictObject({
  leg: legSettings.prefault({}),
  gather: gatherSettings.prefault({}),
  ai: aiSettings.prefault({}),
  audio: audioSettings.prefault({}),
  api: apiSettings.prefault({}),
  delivery: deliverySettings.prefault({}),
})

/** All settings, by group. */
export interface Settings {
  leg: LegSettings
  gather: GatherSettings
  ai: AiSettings
  audio: AudioSettings
  api: ApiSettings
  delivery: DeliverySettings
}

/** Some settings, by group, for `createSimulator({ settings })` and the config file. Others keep their defaults. */
export type SettingsInput = {
  [Group in keyof Settings]?:
    | {
        [Name in keyof Settings[Group]]?:
          | (Name extends 'endedReason' ? Partial<Settings[Group][Name]> : Settings[Group][Name])
          | undefined
      }
    | undefined
}

/** The default of every setting. */
export const defaultSettings: Settings = allSettings.parse({})

/** Merges `input` with the defaults. Throws a TypeError on an unknown name, so that a misspelling is not ignored. */
export const resolveSettings = (input: SettingsInput = {}): Settings => read(allSettings, input, 'settings')
