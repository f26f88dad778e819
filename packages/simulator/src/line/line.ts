/**
 * The audio line of a leg: plays one sound at a time and queues the rest, as documented for `speak` and `playback_start`.
 *
 * The length of its text sets the duration of speech; a setting sets that of files, which are never downloaded. Gather
 * prompts and AI speech use the same queue, so a `speak` sent before a gather plays first.
 */
import type { Clock } from '../clock/clock.ts'
import type { Media } from '../machine/machine.ts'
import { stripSsml } from '../machine/ssml.ts'
import type { AudioSettings } from '../settings/settings.ts'

/** A sound to play. */
export interface Sound {
  kind: 'speech' | 'media'
  /** The text to speak, or the name or URL of a file. */
  text: string
  media: Media | null
  /** Why the sound plays: `greeting`, `question`, `prompt`, `speak`, `playback`, … */
  purpose: string
  /** Number of times to play the sound. */
  loop: number
  overlay: boolean
  /** Whether webhooks are emitted when the sound starts and ends. */
  shouldEmitEvents: boolean
  /** Runner that is notified when the sound ends or fails; `null` for sounds of commands. */
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

  /** The sound that is playing, or null. */
  get playing(): Sound | null {
    return this.current?.sound ?? null
  }

  add(sound: Sound): void {
    this.queue.push(sound)
    if (!this.current) this.next()
  }

  /** Stops the current sound, and with `all` clears the queue. `status`: how the stopped sound ended. */
  stop(status: string, all: boolean): void {
    if (all) this.queue = []
    const { current } = this
    if (!current) return
    current.cancel()
    this.current = null
    this.listener.ended(current.sound, status)
    this.next()
  }

  /** Stops the current sound of `owner` and removes its queued sounds. */
  stopSoundsOf(owner: SoundOwner, status: string): void {
    this.queue = this.queue.filter((sound) => sound.owner !== owner)
    if (this.current?.sound.owner === owner) this.stop(status, false)
  }

  /**
   * Stops and removes the sounds of commands, such as `speak`, because a key was pressed during a DTMF gather. The
   * next sound waits for `resume`, because the key may end the gather and its prompt.
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
    const once = kind === 'media' ? this.settings.mediaMs : speechMs(text, this.settings)
    return once * loop
  }
}

/** Returns the duration of speech in milliseconds. */
export const speechMs = (text: string, { speechMsPerCharacter }: AudioSettings): number =>
  stripSsml(text).length * speechMsPerCharacter

/** Returns the error message for a missing file. Telnyx passes on the message of curl. */
const missingMediaDetail = (name: string) => `Received curl error 22 HTTP error code 404 trying to fetch ${name}.`
