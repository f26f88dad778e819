/** What a call does with its audio beside playing it: recordings, transcription and streams. */
import type { MediaDeps, Track } from './media-deps.ts'
import { Recordings } from './recordings.ts'
import { Streams } from './streams.ts'
import { Transcription } from './transcription.ts'

export class CallMedia {
  readonly recordings: Recordings
  readonly transcription: Transcription
  readonly streams: Streams

  constructor(deps: MediaDeps) {
    this.recordings = new Recordings(deps)
    this.transcription = new Transcription(deps)
    this.streams = new Streams(deps)
  }

  /** Records and transcribes speech. */
  hear(track: Track, text: string): void {
    this.recordings.hear(track, text)
    this.transcription.hear(track, text)
  }

  /** Stops the recordings and streams of a call that has ended. */
  end(): void {
    this.streams.stop()
    this.recordings.stop()
  }

  /** Cancels all timers without emitting events. */
  dispose(): void {
    this.recordings.dispose()
  }
}
