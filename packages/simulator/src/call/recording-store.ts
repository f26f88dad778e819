/** The saved recordings of all calls. */
import type { CallIdentity } from './activity.ts'
import { createWave } from './wave.ts'

/** A saved recording, as in `GET /v2/recordings`, without its URLs. */
export interface Recording extends CallIdentity {
  id: string
  channels: 'single' | 'dual'
  format: 'wav' | 'mp3'
  initiated_by: string
  recording_started_at: string
  recording_ended_at: string
  created_at: string
  duration_millis: number
}

export class RecordingStore {
  private readonly byId = new Map<string, Recording>()
  private readonly size: number
  private readonly origin: () => string

  /** `size`: maximum number of recordings, above which the oldest is evicted. `origin`: the simulator's own address. */
  constructor(size: number, origin: () => string) {
    this.size = size
    this.origin = origin
  }

  add(recording: Recording): void {
    this.byId.set(recording.id, recording)
    const [oldest] = this.byId.keys()
    if (oldest !== undefined && this.byId.size > this.size) this.byId.delete(oldest)
  }

  find(id: string): Recording | undefined {
    return this.byId.get(id)
  }

  /** Returns the recordings, newest first. */
  list(): Recording[] {
    return [...this.byId.values()].reverse()
  }

  delete(id: string): void {
    this.byId.delete(id)
  }

  /** Returns the download URL of a recording by its format. It needs no API key, like the signed URLs of Telnyx. */
  urlsOf({ id, format }: Pick<Recording, 'id' | 'format'>): Record<string, string> {
    return { [format]: `${this.origin()}/_sim/recordings/${id}.${format}` }
  }

  /** Returns the audio of a file such as `ID.mp3`. It is a WAV file in both formats. */
  audioOf(fileName: string): Uint8Array<ArrayBuffer> | undefined {
    const [id = '', format] = fileName.split('.')
    const recording = this.byId.get(id)
    if (!recording || recording.format !== format) return undefined
    return createWave(recording.duration_millis, recording.channels === 'dual' ? 2 : 1)
  }
}
