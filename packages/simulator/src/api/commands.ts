/**
 * The commands of a call: for each, what the call must be for it, and what it does. The order of the checks is Telnyx's:
 * the call exists (90015), is not over (90018), the command is new (L7), its body is right, the call is in the right
 * state (90034), and then the command's own conflicts.
 */
import type { ActionGatherParams } from 'telnyx/resources/calls/actions'
import { parametersProblem } from '../ai/index.ts'
import type { AiGatherParams, AssistantParams, Call } from '../call.ts'
import type { Route } from '../delivery/courier.ts'
import type { Exchange } from '../exchange.ts'
import type { GatherParams, Prompt } from '../gather/gather.ts'
import type { Media, Message } from '../machine.ts'
import { refusals, refuse } from './errors.ts'
import type { CommandName } from './schemas.ts'
import { validate } from './validate.ts'

/** What is in `data` of the answer. */
export interface CommandResult {
  result: string
  conversation_id?: string
}

type Body = Record<string, unknown>

interface Command {
  /** `answered`: only on an answered call; `alive`: on any that has not ended. */
  needs: 'answered' | 'alive'
  run(call: Call, body: Body, exchange: Exchange): Partial<CommandResult> | undefined
}

/** Runs `command` on the call with this id, or throws a `Refusal`. */
export function runCommand(
  exchange: Exchange,
  id: string,
  command: Exclude<CommandName, 'dial'>,
  input: unknown,
): CommandResult {
  const call = exchange.find(id)
  if (!call) throw refusals.unknownCall()
  if (call.phase === 'ended') throw refusals.ended()
  const commandId = commandIdOf(input)
  const known = commandId === undefined ? null : call.recall(commandId)
  if (known)
    return exchange.settings.leg.duplicateCommandAnswer === 'same' ? (known.result as CommandResult) : { result: 'ok' }
  const body = validate(command, input, exchange.settings.api.unknownFields)
  const { needs, run } = commands[command]
  if (needs === 'answered' && call.phase !== 'answered') throw refusals.unanswered(command)
  const before = call.clientState
  if (typeof body.client_state === 'string') call.clientState = body.client_state
  try {
    exchange.noteCommand(call, command, body)
    const result: CommandResult = { result: 'ok', ...run(call, body, exchange) }
    if (commandId !== undefined) call.remember(commandId, result)
    return result
  } catch (error) {
    call.clientState = before
    throw error
  }
}

/** `POST /v2/calls`. Returns the call that rings (the first, when several numbers are dialled). */
export function dial(exchange: Exchange, input: unknown): Call {
  const body = validate('dial', input, exchange.settings.api.unknownFields)
  const linked = optionalCall(exchange, body.link_to, '/link_to')
  const joins = body.bridge_on_answer === true || body.bridge_intent === true
  if (joins && !linked)
    throw refuse(422, '10004', 'link_to is required with bridge_on_answer and bridge_intent.', '/link_to')
  const numbers = Array.isArray(body.to) ? body.to.map(String) : [String(body.to)]
  const legs = numbers.map((to) =>
    exchange.createCall({
      direction: 'outgoing',
      from: body.bridge_intent === true && linked ? linked.identity.from : String(body.from),
      to,
      connection_id: String(body.connection_id),
      ...(linked ? { call_session_id: linked.identity.call_session_id } : {}),
      client_state: text(body.client_state) ?? null,
      route: routeOf(body),
      ...limits(body),
    }),
  )
  for (const leg of legs) {
    leg.whenAnswered(() => {
      for (const other of legs) if (other !== leg) other.end({ type: 'hangup' })
      if (body.bridge_on_answer === true && linked?.phase === 'answered')
        leg.bridgeWith(linked, body.park_after_unbridge === 'self')
      onAnswer(leg, body)
    })
  }
  const [first] = legs
  if (!first) throw refuse(422, '10004', 'The to parameter is required.', '/to')
  return first
}

const commands: Record<Exclude<CommandName, 'dial'>, Command> = {
  answer: {
    needs: 'alive',
    run(call, body) {
      if (call.direction === 'outgoing')
        throw refusals.invalidCommand('An outgoing call is answered by the person who is called.')
      if (call.phase === 'answered') throw refusals.invalidCommand('This call has already been answered.')
      call.reroute(routeOf(body))
      call.answer()
      onAnswer(call, body)
      return undefined
    },
  },
  reject: {
    needs: 'alive',
    run(call, body) {
      if (call.direction === 'outgoing') throw refusals.invalidCommand('Only an incoming call can be rejected.')
      if (call.phase === 'answered') throw refusals.invalidCommand('An answered call cannot be rejected; hang it up.')
      call.end({ type: 'reject', cause: body.cause === 'USER_BUSY' ? 'user_busy' : 'call_rejected' })
      return undefined
    },
  },
  hangup: {
    needs: 'alive',
    run(call) {
      call.end({ type: 'hangup' })
      return undefined
    },
  },
  gather: {
    needs: 'answered',
    run: (call, body, exchange) => gather(call, 'gather', body, exchange, null, null),
  },
  gather_using_audio: {
    needs: 'answered',
    run(call, body, exchange) {
      const prompt = mediaPrompt(body, 'audio_url', 'media_name')
      if (!prompt) throw refuse(422, '10004', 'One of audio_url and media_name is required.', '/audio_url')
      return gather(
        call,
        'gather_using_audio',
        body,
        exchange,
        prompt,
        mediaPrompt(body, 'invalid_audio_url', 'invalid_media_name'),
      )
    },
  },
  gather_using_speak: {
    needs: 'answered',
    run(call, body, exchange) {
      checkSpeech(body)
      const apology = text(body.invalid_payload)
      const prompt: Prompt = { kind: 'speech', text: String(body.payload) }
      return gather(
        call,
        'gather_using_speak',
        body,
        exchange,
        prompt,
        apology === undefined ? null : { kind: 'speech', text: apology },
      )
    },
  },
  gather_stop: {
    needs: 'answered',
    run(call, _body, exchange) {
      const stopped = call.stopGather()
      const aiStopped =
        exchange.settings.ai.gatherStopEndsAiGather && call.feedConversation({ type: 'stop' }, 'ai_gather')
      if (!stopped && !aiStopped && exchange.settings.gather.stopWhenIdle === 'refuse')
        throw refuse(422, '10027', 'No gather is active on this call.', '/call_control_id')
      return undefined
    },
  },
  gather_using_ai: {
    needs: 'answered',
    run(call, body, exchange) {
      checkVoice(body)
      const problem = parametersProblem(body.parameters as Record<string, unknown>)
      if (problem !== undefined) throw refuse(422, '10015', problem, '/parameters')
      makeRoom(call, exchange)
      return {
        conversation_id: call.startConversation('gather_using_ai', {
          kind: 'ai_gather',
          params: body as unknown as AiGatherParams,
        }),
      }
    },
  },
  ai_assistant_start: {
    needs: 'answered',
    run(call, body, exchange) {
      if (call.conversation) throw refusals.assistantActive()
      checkVoice(body)
      const participants = participantsOf(exchange, body.participants ?? [], '/participants')
      const params = body as unknown as AssistantParams
      const conversation_id = call.startConversation('ai_assistant_start', { kind: 'assistant', params })
      for (const { leg, endsIt } of participants) leg.joinConversation(call, endsIt)
      return { conversation_id }
    },
  },
  ai_assistant_stop: {
    needs: 'answered',
    run(call, _body, exchange) {
      if (!call.feedConversation({ type: 'stop' }) && exchange.settings.ai.noAssistant === 'refuse')
        throw refusals.noAssistant()
      return undefined
    },
  },
  ai_assistant_add_messages: {
    needs: 'answered',
    run(call, body, exchange) {
      const added = call.addMessages(body.messages as Message[], body.trigger_response === true)
      if (!added && exchange.settings.ai.noAssistant === 'refuse') throw refusals.noAssistant()
      return undefined
    },
  },
  ai_assistant_join: {
    needs: 'answered',
    run(_call, body, exchange) {
      const id = String(body.conversation_id)
      const host = exchange.calls().find(({ conversation }) => conversation?.id === id)
      if (!host) throw refuse(422, '10015', 'No conversation with this conversation_id is running.', '/conversation_id')
      for (const { leg, endsIt } of participantsOf(exchange, [body.participant], '/participant'))
        leg.joinConversation(host, endsIt)
      return { conversation_id: id }
    },
  },
  speak: {
    needs: 'answered',
    run(call, body) {
      checkSpeech(body)
      call.hear(
        {
          kind: 'speech',
          text: String(body.payload),
          media: null,
          purpose: 'speak',
          loop: loopOf(body.loop),
          overlay: false,
        },
        stopOf(body),
      )
      return undefined
    },
  },
  playback_start: {
    needs: 'answered',
    run(call, body) {
      const content = text(body.playback_content)
      const media = mediaOf(body, 'audio_url', 'media_name') ?? (content === undefined ? null : {})
      if (!media)
        throw refuse(422, '10004', 'One of audio_url, media_name and playback_content is required.', '/audio_url')
      const name = media.audio_url ?? media.media_name ?? 'inline audio'
      call.hear(
        {
          kind: 'media',
          text: name,
          media,
          purpose: 'playback',
          loop: loopOf(body.loop),
          overlay: body.overlay === true,
        },
        stopOf(body),
      )
      return undefined
    },
  },
  playback_stop: {
    needs: 'answered',
    run(call, body) {
      call.stopSound(body.stop === 'current' ? 'current' : 'all')
      return undefined
    },
  },
  transfer: {
    needs: 'answered',
    run(call, body, exchange) {
      const media = mediaOf(body, 'audio_url', 'media_name')
      if (media)
        call.hear(
          {
            kind: 'media',
            text: media.audio_url ?? media.media_name ?? '',
            media,
            purpose: 'playback',
            loop: Number.POSITIVE_INFINITY,
            overlay: false,
          },
          undefined,
        )
      const target = exchange.createCall({
        direction: 'outgoing',
        from: text(body.from) ?? (call.direction === 'incoming' ? call.identity.to : call.identity.from),
        to: String(body.to),
        connection_id: call.identity.connection_id,
        call_session_id: call.identity.call_session_id,
        client_state: text(body.target_leg_client_state) ?? null,
        route: { ...call.route, ...routeOf(body) },
        ...limits(body),
      })
      target.whenAnswered(() => {
        if (media) call.stopSound('all')
        if (call.phase === 'answered') call.bridgeWith(target, body.park_after_unbridge === 'self')
        else target.end({ type: 'hangup' })
        onAnswer(target, body)
      })
      call.whenEnded(() => target.phase === 'bridging' && target.end({ type: 'hangup' }))
      return undefined
    },
  },
  bridge: {
    needs: 'answered',
    run(call, body, exchange) {
      // `call_control_id_to_bridge_with` to the SDK, `call_control_id` on the wire.
      const other = optionalCall(exchange, body.call_control_id, '/call_control_id')
      if (!other || other === call)
        throw refuse(422, '90015', 'call_control_id must be that of another call.', '/call_control_id')
      if (other.phase !== 'answered') throw refusals.unanswered('bridge')
      call.bridgeWith(other, body.park_after_unbridge === 'self')
      return undefined
    },
  },
  send_dtmf: {
    needs: 'answered',
    run(call, body) {
      call.sendDtmf(String(body.digits))
      return undefined
    },
  },
  client_state_update: { needs: 'alive', run: () => undefined },
}

/** Is `name` the last part of a command's path? */
export const isCommand = (name: string): name is Exclude<CommandName, 'dial'> => Object.hasOwn(commands, name)

function gather(
  call: Call,
  command: string,
  body: Body,
  { settings }: Exchange,
  prompt: Prompt | null,
  invalidPrompt: Prompt | null,
): undefined {
  const values = body as Required<ActionGatherParams> & { maximum_tries?: number }
  if (values.minimum_digits > values.maximum_digits)
    throw refuse(422, '90022', 'minimum_digits must not be greater than maximum_digits.', '/minimum_digits')
  if (call.gathering && settings.gather.secondGather === 'refuse')
    throw refusals.invalidCommand('A gather is already active on this call.')
  const params: GatherParams = {
    minimum_digits: values.minimum_digits,
    maximum_digits: values.maximum_digits,
    terminating_digit: values.terminating_digit,
    valid_digits: values.valid_digits,
    inter_digit_timeout_millis: values.inter_digit_timeout_millis,
    timeout_millis: values.timeout_millis,
    initial_timeout_millis: values.initial_timeout_millis,
    maximum_tries: values.maximum_tries ?? 1,
    gather_id: text(body.gather_id),
    prompt,
    invalidPrompt,
  }
  call.startGather(command, params)
  return undefined
}

/** A2: whether an AI gather may push another conversation aside is not documented. */
function makeRoom(call: Call, { settings }: Exchange): void {
  if (!call.conversation) return
  if (settings.ai.secondConversation === 'refuse') throw refusals.assistantActive()
  call.feedConversation({ type: 'stop' })
}

/** The other legs of a conversation. */
function participantsOf(exchange: Exchange, list: unknown, pointer: string): { leg: Call; endsIt: boolean }[] {
  const participants = list as { id: string; on_hangup?: string }[]
  return participants.flatMap(({ id, on_hangup }) => {
    const leg = optionalCall(exchange, id, `${pointer}/id`)
    return leg ? [{ leg, endsIt: on_hangup === 'end_conversation' }] : []
  })
}

/** What `answer`, `dial` and `transfer` may ask for once the call is up. */
function onAnswer(call: Call, body: Body): void {
  if (body.transcription === true) call.transcribe()
  const sent = text(body.send_digits_on_answer)
  if (sent !== undefined && sent !== '') call.sendDtmf(sent)
  const { assistant } = body
  if (typeof assistant === 'object' && assistant !== null)
    call.startConversation('ai_assistant_start', {
      kind: 'assistant',
      params: { assistant } as unknown as AssistantParams,
    })
}

/** The aliases `male` and `female` are `speak`'s; everything else names its provider first. */
const VOICE =
  /^(male|female|(AWS|Polly|Azure|ElevenLabs|Telnyx|Minimax|Rime|Resemble|Inworld|FishAudio|xAI|Soniox|Humain)(\..+)?)$/i

function checkSpeech(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice)) throw refuse(422, '90012', voiceHelp(voice), '/voice')
  if (body.service_level === 'basic') {
    if (body.payload_type === 'ssml')
      throw refuse(422, '90011', 'payload_type must be text with service_level basic.', '/payload_type')
    if (body.language !== undefined && body.language !== 'en-US')
      throw refuse(422, '90013', 'language must be en-US with service_level basic.', '/language')
  }
}

function checkVoice(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice) || /^(fe)?male$/i.test(voice)) throw refuse(422, '90012', voiceHelp(voice), '/voice')
}

const voiceHelp = (voice: string) =>
  `"${voice.slice(0, 80)}" is not a voice. Voices are <Provider>.<Model>.<VoiceId>, such as AWS.Polly.Joanna-Neural or Telnyx.KokoroTTS.af.`

function mediaPrompt(body: Body, url: string, name: string): Prompt | null {
  const media = mediaOf(body, url, name)
  return media && { kind: 'media', media }
}

function mediaOf(body: Body, urlField: string, nameField: string): Media | null {
  const audio_url = text(body[urlField])
  const media_name = text(body[nameField])
  if (audio_url !== undefined && media_name !== undefined)
    throw refuse(422, '10015', `${urlField} and ${nameField} cannot be used together.`, `/${nameField}`)
  if (audio_url !== undefined) return { audio_url }
  return media_name === undefined ? null : { media_name }
}

function routeOf(body: Body): Partial<Route> {
  const url = text(body.webhook_url)
  const byType = body.webhook_urls as Record<string, string | string[]> | undefined
  const retries = body.webhook_retries_policies as Record<string, { retries_ms?: number[] }> | undefined
  for (const [type, { retries_ms = [] }] of Object.entries(retries ?? {})) {
    if (retries_ms.reduce((sum, wait) => sum + wait, 0) > 60_000)
      throw refuse(
        422,
        '10033',
        'retries_ms must not sum up to more than 60000.',
        `/webhook_retries_policies/${type}/retries_ms`,
      )
  }
  return {
    ...(url === undefined ? {} : { url }),
    ...(byType === undefined
      ? {}
      : { byType: Object.fromEntries(Object.entries(byType).map(([type, urls]) => [type, [urls].flat()])) }),
    ...(retries === undefined
      ? {}
      : {
          retries: Object.fromEntries(
            Object.entries(retries).map(([type, { retries_ms }]) => [type, retries_ms ?? []]),
          ),
        }),
  }
}

function limits(body: Body): { ringMs: number; timeLimitMs: number } {
  return { ringMs: Number(body.timeout_secs) * 1000, timeLimitMs: Number(body.time_limit_secs) * 1000 }
}

function optionalCall(exchange: Exchange, id: unknown, pointer: string): Call | null {
  if (typeof id !== 'string') return null
  const call = exchange.find(id)
  if (!call) throw refuse(422, '90015', 'The call_control_id provided was not valid.', pointer)
  if (call.phase === 'ended')
    throw refuse(422, '90018', "This call is no longer active and can't receive commands.", pointer)
  return call
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const loopOf = (value: unknown): number => (value === 'infinity' ? Number.POSITIVE_INFINITY : Number(value))
const stopOf = (body: Body): 'current' | 'all' | undefined =>
  body.stop === 'current' || body.stop === 'all' ? body.stop : undefined

function commandIdOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('command_id' in input)) return undefined
  return text(input.command_id)
}
