/** The transcription of one call: a `call.transcription` webhook for each sentence of the chosen tracks. */
import type { MediaDeps, Track } from './media-deps.ts'

/** The parameters of a transcription that have an effect. */
export interface TranscriptionOptions {
  tracks: Track | 'both'
  /** Whether a webhook with the first words precedes each final one. */
  hasInterimResults: boolean
}

export class Transcription {
  private readonly deps: Pick<MediaDeps, 'emit'>
  private options: TranscriptionOptions | null = null

  constructor(deps: Pick<MediaDeps, 'emit'>) {
    this.deps = deps
  }

  get isActive(): boolean {
    return this.options !== null
  }

  start(options: TranscriptionOptions): void {
    this.options = options
  }

  stop(): void {
    this.options = null
  }

  hear(track: Track, text: string): void {
    const { options } = this
    if (!options || (options.tracks !== 'both' && options.tracks !== track)) return
    const words = text.split(' ')
    if (options.hasInterimResults && words.length > 1)
      this.report(track, words.slice(0, Math.ceil(words.length / 2)).join(' '), false)
    this.report(track, text, true)
  }

  private report(track: Track, transcript: string, is_final: boolean): void {
    const transcription_data = { transcript, confidence: 0.98, is_final, transcription_track: track }
    this.deps.emit('call.transcription', { transcription_data })
  }
}
