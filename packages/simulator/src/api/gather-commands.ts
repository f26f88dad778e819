/** Commands that start and stop DTMF gathers. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { GatherParams, Prompt } from '../gather/gather.ts'
import type { Body, Command } from './command.ts'
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
      const invalidPrompt = mediaPrompt(body, 'invalid_audio_url', 'invalid_media_name')
      gather(call, 'gather_using_audio', body, exchange, prompt, invalidPrompt)
    },
  },
  gather_using_speak: {
    needs: 'answered',
    run(call, body, exchange) {
      checkSpeech(body)
      const [prompt, invalidPrompt] = [body.payload, body.invalid_payload].map((words): Prompt | null =>
        typeof words === 'string' ? { kind: 'speech', text: words } : null,
      )
      gather(call, 'gather_using_speak', body, exchange, prompt ?? null, invalidPrompt ?? null)
    },
  },
  gather_stop: {
    needs: 'answered',
    run(call, _body, { settings }) {
      const shouldEndAi = settings.ai.gatherStopEndsAiGather && call.conversations.current?.kind === 'ai_gather'
      const hasStopped = call.gather.feed({ type: 'stop' })
      const hasStoppedAi = shouldEndAi && call.conversations.feed({ type: 'stop' })
      if (!hasStopped && !hasStoppedAi && settings.gather.stopWhenIdle === 'refuse')
        throw refuse(422, '10027', 'No gather is active on this call.', '/call_control_id')
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
): void {
  // Validation has already set all other defaults.
  const values = body as Omit<GatherParams, 'maximum_tries' | 'prompt' | 'invalidPrompt'>
  const params = { ...values, maximum_tries: Number(body.maximum_tries ?? 1), prompt, invalidPrompt }
  if (params.minimum_digits > params.maximum_digits)
    throw refuse(422, '90022', 'minimum_digits must not be greater than maximum_digits.', '/minimum_digits')
  if (call.gather.current && settings.gather.secondGather === 'refuse')
    throw refusals.invalidCommand('A gather is already active on this call.')
  call.gather.start(command, params)
}

function mediaPrompt(body: Body, url: string, name: string): Prompt | null {
  const media = mediaOf(body, url, name)
  return media && { kind: 'media', media }
}
