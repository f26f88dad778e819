/** The DTMF gathers and their stop. */
import type { ActionGatherParams } from 'telnyx/resources/calls/actions'
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { GatherParams, Prompt } from '../gather/gather.ts'
import { type Body, type Command, text } from './command.ts'
import { refusals, refuse } from './errors.ts'
import { checkSpeech, mediaOf } from './sound-commands.ts'

export const gatherCommands = {
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
      const stopped = call.gathering.feed({ type: 'stop' })
      const aiStopped =
        exchange.settings.ai.gatherStopEndsAiGather && call.conversations.feed({ type: 'stop' }, 'ai_gather')
      if (!stopped && !aiStopped && exchange.settings.gather.stopWhenIdle === 'refuse')
        throw refuse(422, '10027', 'No gather is active on this call.', '/call_control_id')
      return undefined
    },
  },
} satisfies Record<string, Command>

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
  if (call.gathering.current && settings.gather.secondGather === 'refuse')
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
  call.gathering.start(command, params)
  return undefined
}

function mediaPrompt(body: Body, url: string, name: string): Prompt | null {
  const media = mediaOf(body, url, name)
  return media && { kind: 'media', media }
}
