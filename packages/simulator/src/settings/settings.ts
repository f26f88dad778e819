/**
 * What Telnyx does not document, as named choices. Each default is the reading the simulator thinks likeliest; a program
 * that is right under every value of every one of these is right on the real platform, whichever way that falls.
 *
 * The rule in front of each (L…, G…, A…) is a row of the table in this package's README.
 */
import { type AiSettings, defaultAiSettings } from '../assistant/settings.ts'

/** Every choice, by group. */
export interface Settings {
  leg: LegSettings
  gather: GatherSettings
  ai: AiSettings & AiAnswerSettings
  audio: AudioSettings
  api: ApiSettings
  delivery: DeliverySettings
}

/** Call legs: rules L1 to L11. */
export interface LegSettings {
  /** L7: what an ignored duplicate command answers: plain `ok`, or `same` as the first one did (with its `conversation_id`). Default `ok`. */
  duplicateCommandAnswer: 'ok' | 'same'
  /** L7: how long a `command_id` is remembered, in milliseconds. Documented: 60 s. */
  commandIdMemoryMs: number
  /** How long `GET /calls/{id}` still knows an ended call, in milliseconds. Documented: 10 minutes. */
  endedCallMemoryMs: number
  /**
   * What an outgoing call meets when no browser phone is open: someone who picks up after this many milliseconds, or
   * `null`, nobody. Default 2000. `callees` decides for single numbers.
   */
  calleeAnswersAfterMs: number | null
  /** How single numbers behave when they are called. Default none. */
  callees: Record<string, 'answer' | 'busy' | 'reject' | 'no_answer' | 'machine'>
  /** How long an incoming call rings before it ends by itself, in milliseconds. Default 60000. */
  incomingRingMs: number
}

/** DTMF gathers: rules G1 to G23. */
export interface GatherSettings {
  /** G2: how a media prompt ends when a key cuts it. Default `cancelled`. */
  bargeInStatus: 'cancelled' | 'completed'
  /** G2: after a prompt that could not be played, go on and collect, or end the gather `invalid`. Default `collect`. */
  afterFailedPrompt: 'collect' | 'end'
  /** G3: emit `call.speak.started` and `call.speak.ended` for the prompts of `gather_using_speak`. Default false. */
  emitSpeakEvents: boolean
  /** G4: a key that cuts the prompt counts as the first digit. Default true. */
  bargeInKeyCounts: boolean
  /** G5: the terminating digit is part of `digits`. Default false. */
  terminatorInDigits: boolean
  /** G6: the terminator as first key: an invalid attempt, a silent one (`timeout`), or no effect. Default `invalid`. */
  terminatorFirst: 'invalid' | 'timeout' | 'ignore'
  /** G7: a key outside `valid_digits` is kept (and makes the attempt invalid), or dropped. Default `keep`. */
  invalidKey: 'keep' | 'drop'
  /** G10, G11: the status of a gather in which no key came. Default `timeout`. */
  noInputStatus: 'timeout' | 'invalid'
  /** G12: an invalid attempt uses up one of `maximum_tries`. Default true. */
  invalidUsesTry: boolean
  /** G13: `digits` of a gather that ends `invalid`: its last input, or nothing. Default `keep`. */
  invalidDigits: 'keep' | 'blank'
  /** G17: `gather_stop` with nothing to stop. Default `ok`. */
  stopWhenIdle: 'ok' | 'refuse'
  /** G18: a gather while one is active: it replaces the first, both are cancelled, or it is refused. Default `replace`. */
  secondGather: 'replace' | 'cancel-both' | 'refuse'
  /** G19: at a hangup, `call.gather.ended` before the end of its prompt, or after. Default `gather-first`. */
  hangupOrder: 'gather-first' | 'prompt-first'
  /** G20: a detected answering machine cancels a running gather with `cancelled_amd`. Default true. */
  machineCancels: boolean
  /** `gather_id` is sent back in `call.gather.ended`, as the command's text promises and no schema shows. Default true. */
  sendGatherId: boolean
}

/** What the commands of a conversation answer. */
export interface AiAnswerSettings {
  /** A2: a `gather_using_ai` while a conversation runs is refused like a second assistant (90061), or replaces it. Default `refuse`. */
  secondConversation: 'refuse' | 'replace'
  /** A9: `ai_assistant_stop` and `ai_assistant_add_messages` with no assistant. Default `refuse` (422, code 10027). */
  noAssistant: 'refuse' | 'ok'
  /** A11: `gather_stop` ends a `gather_using_ai` too. Default false. */
  gatherStopEndsAiGather: boolean
}

/** How long things take to be heard. */
export interface AudioSettings {
  /** How long speech takes, per character of text. Default 60 ms. */
  speechMsPerCharacter: number
  /** How long an audio file takes. Nothing is ever downloaded, so every file takes the same. Default 3000 ms. */
  mediaMs: number
  /** Media that fails to play, by URL or name: the status and detail its `call.playback.ended` carries. Default none. */
  brokenMedia: Record<string, { status: 'file_not_found' | 'failed'; status_detail?: string }>
}

/** The API in front. */
export interface ApiSettings {
  /** API keys that are accepted. Default: any that is not empty. */
  apiKeys: readonly string[] | null
  /** Largest request body in bytes. Default 1 MiB. */
  maxBodyBytes: number
  /** A command without a body counts as `{}`, or is refused as the specification's `required: true` says. Default `accept`. */
  emptyBody: 'accept' | 'refuse'
  /** Body fields Telnyx does not have: ignored, or refused, to find misspellings. Default `ignore`. */
  unknownFields: 'ignore' | 'refuse'
  /** The number in `x-ratelimit-limit`: requests per `rateLimitWindowMs`. Default 1000 a minute. */
  rateLimit: number
  rateLimitWindowMs: number
  /** Answer 429 / 10011 when the limit is passed. Default false: the headers count, nothing is refused. */
  enforceRateLimit: boolean
  /** `metadata` of a webhook in `GET /call_events`: the whole event, with its id, or only its payload. Default `event`. */
  callEventMetadata: 'event' | 'payload'
}

/** Webhooks on their way. */
export interface DeliverySettings {
  /** How long a receiver may take to answer, in milliseconds. Default 2000. */
  timeoutMs: number
  /** Waits before the second, third, … attempt, unless the call's `webhook_retries_policies` names the event. Default 1000, 2000, 5000. */
  retriesMs: readonly number[]
  /** The failover URL is tried once all retries are used up, or right after each failed attempt. Default `after-retries`. */
  failover: 'after-retries' | 'each-attempt'
  /**
   * What `webhook_url_method: GET` puts into the query, of which only "the payload" is documented: its fields, as
   * `data[payload][digit]=5`, or `data` and `meta` as JSON. Default `brackets`. The signature is over no body either way.
   */
  getQuery: 'brackets' | 'json'
  /** How often a body is indented, which a receiver that re-serialises before verifying does not survive. Default 0.1. */
  prettyPrintRate: number
  /** Webhooks may go to other hosts than this machine's loopback. Default false. */
  allowRemote: boolean
  /** How many deliveries and events are remembered. Default 5000. */
  historySize: number
}

/** The stated default of every setting. */
export const defaultSettings: Settings = {
  leg: {
    duplicateCommandAnswer: 'ok',
    commandIdMemoryMs: 60_000,
    endedCallMemoryMs: 600_000,
    calleeAnswersAfterMs: 2000,
    callees: {},
    incomingRingMs: 60_000,
  },
  gather: {
    bargeInStatus: 'cancelled',
    afterFailedPrompt: 'collect',
    emitSpeakEvents: false,
    bargeInKeyCounts: true,
    terminatorInDigits: false,
    terminatorFirst: 'invalid',
    invalidKey: 'keep',
    noInputStatus: 'timeout',
    invalidUsesTry: true,
    invalidDigits: 'keep',
    stopWhenIdle: 'ok',
    secondGather: 'replace',
    hangupOrder: 'gather-first',
    machineCancels: true,
    sendGatherId: true,
  },
  ai: {
    ...defaultAiSettings,
    secondConversation: 'refuse',
    noAssistant: 'refuse',
    gatherStopEndsAiGather: false,
  },
  audio: { speechMsPerCharacter: 60, mediaMs: 3000, brokenMedia: {} },
  api: {
    apiKeys: null,
    maxBodyBytes: 1_048_576,
    emptyBody: 'accept',
    unknownFields: 'ignore',
    rateLimit: 1000,
    rateLimitWindowMs: 60_000,
    enforceRateLimit: false,
    callEventMetadata: 'event',
  },
  delivery: {
    timeoutMs: 2000,
    retriesMs: [1000, 2000, 5000],
    failover: 'after-retries',
    getQuery: 'brackets',
    prettyPrintRate: 0.1,
    allowRemote: false,
    historySize: 5000,
  },
}

/** Some settings, by group: what `createSimulator({ settings })` and the config file take. */
export type SettingsInput = { [Group in keyof Settings]?: Partial<Settings[Group]> }

/** Lays `input` over the defaults. Throws on a name that does not exist, so that a misspelt one is not silently the default. */
export function resolveSettings(input: SettingsInput = {}): Settings {
  for (const [group, values] of Object.entries(input)) {
    const known = defaultSettings[group as keyof Settings] as object | undefined
    if (!known)
      throw new TypeError(
        `There is no group of settings "${group}". There are: ${Object.keys(defaultSettings).join(', ')}.`,
      )
    for (const [name, value] of Object.entries(values ?? {})) {
      if (!(name in known))
        throw new TypeError(`There is no setting "${group}.${name}". There are: ${Object.keys(known).join(', ')}.`)
      const normal = (known as Record<string, unknown>)[name]
      if (normal !== null && value !== null && typeof value !== typeof normal)
        throw new TypeError(`The setting "${group}.${name}" needs a ${typeof normal}, not ${JSON.stringify(value)}.`)
    }
  }
  return {
    leg: { ...defaultSettings.leg, ...input.leg },
    gather: { ...defaultSettings.gather, ...input.gather },
    ai: { ...defaultSettings.ai, ...input.ai },
    audio: { ...defaultSettings.audio, ...input.audio },
    api: { ...defaultSettings.api, ...input.api },
    delivery: { ...defaultSettings.delivery, ...input.delivery },
  }
}
