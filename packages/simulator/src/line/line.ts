/**
 * What a caller hears: one voice at a time, the rest in a queue, as `playback_start` and `speak` document theirs.
 *
 * Speech takes as long as its text, a file as long as the setting says; nothing is ever fetched. Prompts of a gather and
 * the words of an AI go through the same queue, so a `speak` before a gather is heard first.
 */
import type { Clock } from '../clock/clock.ts'
import type { Media } from '../machine/machine.ts'
import { stripSsml } from '../machine/ssml.ts'
import type { AudioSettings } from '../settings/settings.ts'

/** Something to be heard. */
export interface Sound {
  kind: 'speech' | 'media'
  /** What is said; for a file, its name or URL. */
  text: string
  media: Media | null
  /** Why it is heard: `greeting`, `question`, `prompt`, `speak`, `playback`, … */
  purpose: string
  /** Times it is played. */
  loop: number
  overlay: boolean
  /** Says so by webhook when it starts and ends. */
  shouldEmitEvents: boolean
  /** Whom to tell that it has been heard. */
  owner: SoundOwner | null
}

export interface SoundOwner {
  onSoundEnded(): void
  onSoundFailed(): void
}

interface LineListener {
  started(sound: Sound): void
  ended(sound: Sound, status: string, statusDetail?: string): void
}

export class Line {
  private readonly clock: Clock
  private readonly settings: AudioSettings
  private readonly listener: LineListener
  private queue: Sound[] = []
  private current: { sound: Sound; cancel: () => void } | null = null

  constructor(clock: Clock, settings: AudioSettings, listener: LineListener) {
    this.clock = clock
    this.settings = settings
    this.listener = listener
  }

  /** What is being heard now. */
  get playing(): Sound | null {
    return this.current?.sound ?? null
  }

  add(sound: Sound): void {
    this.queue.push(sound)
    if (!this.current) this.next()
  }

  /** Stops what is heard, and with `all` forgets what waits. `status` is how it ends; speech cut short is `completed` to Telnyx. */
  stop(status: string, all: boolean): void {
    if (all) this.queue = []
    const { current } = this
    if (!current) return
    current.cancel()
    this.current = null
    this.listener.ended(current.sound, status)
    this.next()
  }

  /** Forgets what a machine still had to say, and stops it if it is speaking. */
  stopSoundsOf(owner: SoundOwner, status: string): void {
    this.queue = this.queue.filter((sound) => sound.owner !== owner)
    if (this.current?.sound.owner === owner) this.stop(status, false)
  }

  /**
   * A key during a DTMF gather stops what no machine is saying, and forgets what of it waits. What comes next waits for
   * `resume`: the key may make it needless.
   */
  interrupt(status: string): void {
    this.queue = this.queue.filter((sound) => sound.owner !== null)
    const { current } = this
    if (!current || current.sound.owner !== null) return
    current.cancel()
    this.current = null
    this.listener.ended(current.sound, status)
  }

  resume(): void {
    if (!this.current) this.next()
  }

  private next(): void {
    const sound = this.queue.shift()
    if (!sound) return
    this.listener.started(sound)
    const broken = sound.media
      ? this.settings.brokenMedia[sound.media.audio_url ?? sound.media.media_name ?? '']
      : undefined
    const cancel = this.clock.schedule(this.clock.now() + (broken ? 0 : this.duration(sound)), () => {
      this.current = null
      this.listener.ended(
        sound,
        broken?.status ?? 'completed',
        broken && (broken.status_detail ?? missingMediaDetail(sound.text)),
      )
      if (broken) sound.owner?.onSoundFailed()
      else sound.owner?.onSoundEnded()
      if (!this.current) this.next()
    })
    this.current = { sound, cancel }
  }

  private duration({ kind, text, loop }: Sound): number {
    const once = kind === 'media' ? this.settings.mediaMs : stripSsml(text).length * this.settings.speechMsPerCharacter
    return once * loop
  }
}

/** As curl says it, which Telnyx passes on. */
const missingMediaDetail = (name: string) => `Received curl error 22 HTTP error code 404 trying to fetch ${name}.`
