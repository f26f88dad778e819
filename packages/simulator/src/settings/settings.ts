/**
 * What Telnyx does not document, as named choices. Each default is the reading the simulator thinks likeliest; a program
 * that is right under every value of every one of these is right on the real platform, whichever way that falls.
 *
 * The rule in front of each (L…, G…, A…) is a row of the table in this package's README.
 */
import { z } from 'zod'
import { aiSettings } from '../assistant/settings.ts'
import { gatherSettings } from '../gather/settings.ts'
import { legSettings } from '../leg/settings.ts'
import { read } from './read.ts'

const audioSettings = z.strictObject({
  /** How long speech takes, per character of text. */
  speechMsPerCharacter: z.number().default(60),
  /** How long an audio file takes. Nothing is ever downloaded, so every file takes the same. */
  mediaMs: z.number().default(3000),
  /** Media that fails to play, by URL or name: the status and detail its `call.playback.ended` carries. */
  brokenMedia: z
    .record(
      z.string(),
      z.strictObject({ status: z.enum(['file_not_found', 'failed']), status_detail: z.string().optional() }),
    )
    .default({}),
})

const apiSettings = z.strictObject({
  /** API keys that are accepted; `null`: any that is not empty. */
  apiKeys: z.array(z.string()).readonly().nullable().default(null),
  /** Largest request body in bytes. */
  maxBodyBytes: z.number().default(1_048_576),
  /** A command without a body counts as `{}`, or is refused as the specification's `required: true` says. */
  emptyBody: z.enum(['accept', 'refuse']).default('accept'),
  /** Body fields Telnyx does not have: ignored, or refused, to find misspellings. */
  unknownFields: z.enum(['ignore', 'refuse']).default('ignore'),
  /** The number in `x-ratelimit-limit`: requests per `rateLimitWindowMs`. */
  rateLimit: z.number().default(1000),
  rateLimitWindowMs: z.number().default(60_000),
  /** Answer 429 / 10011 when the limit is passed. If false the headers count, and nothing is refused. */
  enforceRateLimit: z.boolean().default(false),
  /** `metadata` of a webhook in `GET /call_events`: the whole event, with its id, or only its payload. */
  callEventMetadata: z.enum(['event', 'payload']).default('event'),
})

const deliverySettings = z.strictObject({
  /** How long a receiver may take to answer, in milliseconds. */
  timeoutMs: z.number().default(2000),
  /** Waits before the second, third, … attempt, unless the call's `webhook_retries_policies` names the event. */
  retriesMs: z.array(z.number()).readonly().default([1000, 2000, 5000]),
  /** The failover URL is tried once all retries are used up, or right after each failed attempt. */
  failover: z.enum(['after-retries', 'each-attempt']).default('after-retries'),
  /**
   * What `webhook_url_method: GET` puts into the query, of which only "the payload" is documented: its fields, as
   * `data[payload][digit]=5`, or `data` and `meta` as JSON. The signature is over no body either way.
   */
  getQuery: z.enum(['brackets', 'json']).default('brackets'),
  /** How often a body is indented, which a receiver that re-serialises before verifying does not survive. */
  prettyPrintRate: z.number().default(0.1),
  /** Webhooks may go to other hosts than this machine's loopback. */
  allowRemote: z.boolean().default(false),
  /** How many deliveries and events are remembered. */
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

/** Every choice, by group. */
export type Settings = z.infer<typeof allSettings>

/** Some settings, by group: what `createSimulator({ settings })` and the config file take. */
export type SettingsInput = z.input<typeof allSettings>

/** How long things take to be heard. */
export type AudioSettings = Settings['audio']
/** Webhooks on their way. */
export type DeliverySettings = Settings['delivery']

/** The stated default of every setting. */
export const defaultSettings: Settings = allSettings.parse({})

/** Lays `input` over the defaults. Throws on a name that does not exist, so that a misspelt one is not silently the default. */
export const resolveSettings = (input: SettingsInput = {}): Settings => read(allSettings, input, 'settings')
