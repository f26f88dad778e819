/** Describes transcript rows in words. Search, copy, export and announcements use the same words. */
import type { Language } from '../../strings/strings-context.tsx'
import { outcomeWords } from '../kit/gather-words.ts'
import { refusalWords } from '../kit/refusal-words.ts'
import type { CommandRow, GatherEndRow, KeysRow, Speaker, SystemRow, TranscriptRow } from './rows.ts'

/** Returns the name of a speaker in the agent's language. */
export const speakerName = (speaker: Speaker, { t }: Language): string => t(`transcript.${speaker}`)

/** Returns the name of the agent who sent a command; "Agent" if the name is unknown. */
const whoOf = (who: string | null, { t }: Language): string => who ?? t('transcript.agent')

/** Describes a command of an agent and its outcome. */
export function commandWords(row: CommandRow, language: Language): string {
  const { t, tryT } = language
  const who = whoOf(row.who, language)
  switch (row.command) {
    case 'gather_stop':
      return t('transcript.stopped', { who })
    case 'ai_assistant_start':
      return t('transcript.assistantStarted', { who })
    case 'ai_assistant_stop':
      return t('transcript.assistantStopped', { who })
    default:
      return t('transcript.asked', { who, what: row.label ?? tryT(`transcript.what.${row.command}`, row.command) })
  }
}

/** Returns the reason why a command was refused; `''` if it was not refused. */
export const refusedWords = ({ refusal }: CommandRow, language: Language): string =>
  refusal ? refusalWords({ ...refusal, status: refusal.httpStatus, by: 'telnyx' }, language).title : ''

/** Describes a message to the assistant without the text of the message. */
export const whisperWords = (row: { who: string | null; answerNow: boolean }, language: Language): string =>
  language.t(row.answerNow ? 'transcript.answerNow' : 'transcript.whisper', { who: whoOf(row.who, language) })

/** Returns the number of keys in a group, in words. */
export function keysWords({ keys }: KeysRow, { t }: Language): string {
  const hidden = keys.some((key) => key.digit === null)
  return t(hidden ? 'transcript.keysHidden' : 'transcript.keys', { count: keys.length })
}

/** Describes an event of the call, such as the hang-up. */
export function systemWords({ what, hungUpBy }: SystemRow, { t, tryT }: Language): string {
  if (hungUpBy) return t(`hangup.${hungUpBy}`)
  const prompts: Record<string, string> = {
    'prompt.started': 'transcript.promptStarted',
    'prompt.ended': 'transcript.promptEnded',
    'audio.started': 'transcript.audioStarted',
    'audio.ended': 'transcript.audioEnded',
  }
  return tryT(prompts[what] ?? `transcript.${what}`, what)
}

/** Describes the end of a gather. */
export const gatherEndWords = ({ status, hungUpBy }: GatherEndRow, language: Language): string =>
  language.t('transcript.gatherEnded', { outcome: outcomeWords(status, hungUpBy, language) })

/** Returns a transcript row as one line of text without its time. */
export function wordsOf(row: TranscriptRow, language: Language): string {
  switch (row.kind) {
    case 'speech':
      return `${speakerName(row.speaker, language)}: ${row.text}`
    case 'keys':
      return `${row.keys.map((key) => key.digit ?? '•').join('')} (${keysWords(row, language)})`
    case 'whisper':
      return [whisperWords(row, language), row.text].filter(Boolean).join(': ')
    case 'command':
      return [commandWords(row, language), row.text, refusedWords(row, language)].filter(Boolean).join(': ')
    case 'gather_end':
      return gatherEndWords(row, language)
    case 'system':
      return systemWords(row, language)
  }
}
