/** The recordings of one call. Each is saved, and reported by webhook, a moment after it stops. */
import { Timers } from '../clock/timers.ts'
import type { MediaDeps, Track } from './media-deps.ts'
import type { Recording } from './recording-store.ts'

/** Delay from the end of a recording to `call.recording.saved`, and from there to its transcription. */
const SAVE_DELAY_MS = 1000

/** The parameters of a recording that have an effect. */
export interface RecordingOptions {
  channels: Recording['channels']
  format: Recording['format']
  /** Maximum length, without pauses. 0 is unlimited. */
  maxLengthMs: number
  /** Silence after speech that stops the recording. 0 is unlimited. */
  silenceMs: number
  shouldBeep: boolean
  isTranscribed: boolean
  /** What started the recording, such as `StartCallRecordingAPI`. */
  initiatedBy: string
}

interface ActiveRecording {
  id: string
  options: RecordingOptions
  startedAt: string
  /** Milliseconds recorded before the latest pause. */
  recordedMs: number
  /** When recording last began or resumed, in milliseconds; null while paused. */
  runningSince: number | null
  words: string[]
}

export class Recordings {
  private readonly deps: MediaDeps
  private readonly timers: Timers
  private active: ActiveRecording[] = []
  private startedCount = 0

  constructor(deps: MediaDeps) {
    this.deps = deps
    this.timers = new Timers(deps.clock)
  }

  /** Whether an active recording stops after a silence, for which Telnyx transcribes the call. */
  get hasSilenceTimer(): boolean {
    return this.active.some(({ options }) => options.silenceMs > 0)
  }

  start(options: RecordingOptions): void {
    const { chance, identity, timestamp, beep } = this.deps
    this.startedCount += 1
    const id = chance.uuid(identity.call_control_id, 'recording', this.startedCount)
    const recording = { id, options, startedAt: timestamp(), recordedMs: 0, runningSince: null, words: [] }
    this.active.push(recording)
    if (options.shouldBeep) beep()
    this.run(recording)
  }

  /** Stops the recording `id`, or all. Returns false if no recording has this id. */
  stop(id?: string): boolean {
    return this.forEach(id, (recording) => {
      this.suspend(recording)
      this.timers.cancel(`silence ${recording.id}`)
      this.active = this.active.filter((other) => other !== recording)
      const ended = { recording_ended_at: this.deps.timestamp() }
      this.timers.set(SAVE_DELAY_MS, () => this.save(recording, ended), `save ${recording.id}`)
    })
  }

  /** Pauses the recording `id`, or all. Returns false if no recording has this id. */
  pause(id?: string): boolean {
    return this.forEach(id, (recording) => this.suspend(recording))
  }

  /** Resumes the recording `id`, or all. Returns false if no recording has this id. */
  resume(id?: string): boolean {
    return this.forEach(id, (recording) => {
      if (recording.runningSince === null) this.run(recording)
    })
  }

  hear(track: Track, text: string): void {
    for (const recording of this.active) {
      if (recording.runningSince === null) continue
      recording.words.push(text)
      const { silenceMs } = recording.options
      if (silenceMs > 0 && track === 'inbound')
        this.timers.set(silenceMs, () => this.stop(recording.id), `silence ${recording.id}`)
    }
  }

  dispose(): void {
    this.timers.clear()
  }

  private forEach(id: string | undefined, change: (recording: ActiveRecording) => void): boolean {
    const found = this.active.filter((recording) => id === undefined || recording.id === id)
    found.forEach(change)
    return id === undefined || found.length > 0
  }

  private run(recording: ActiveRecording): void {
    recording.runningSince = this.deps.clock.now()
    const { maxLengthMs } = recording.options
    if (maxLengthMs > 0)
      this.timers.set(maxLengthMs - recording.recordedMs, () => this.stop(recording.id), `length ${recording.id}`)
  }

  private suspend(recording: ActiveRecording): void {
    this.timers.cancel(`length ${recording.id}`)
    if (recording.runningSince === null) return
    recording.recordedMs += this.deps.clock.now() - recording.runningSince
    recording.runningSince = null
  }

  private save({ id, options, startedAt, recordedMs, words }: ActiveRecording, ended: { recording_ended_at: string }) {
    const { identity, store, chance, emit, timestamp } = this.deps
    const { channels, format, initiatedBy: initiated_by } = options
    const times = { recording_started_at: startedAt, ...ended }
    const created_at = timestamp()
    store.add({ ...identity, id, channels, format, initiated_by, ...times, created_at, duration_millis: recordedMs })
    const recording_urls = store.urlsOf({ id, format })
    const urls = { recording_urls, public_recording_urls: recording_urls }
    emit('call.recording.saved', { recording_id: id, channels, format, ...times, ...urls })
    if (!options.isTranscribed) return
    const transcription = {
      calling_party_type: identity.from.startsWith('sip:') ? 'sip' : 'pstn',
      recording_id: id,
      recording_transcription_id: chance.uuid(id, 'transcription'),
      status: 'completed',
      transcription_text: words.join(' '),
    }
    this.timers.set(SAVE_DELAY_MS, () => emit('call.recording.transcription.saved', transcription), `text ${id}`)
  }
}
