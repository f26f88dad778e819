/**
 * Telephone sounds with Web Audio: DTMF tones (ITU-T Q.23), the North American ring-back and three short tones after a
 * hang-up (ITU-T E.180), and a ring for incoming calls.
 */

const rows = [697, 770, 852, 941]
const columns = [1209, 1336, 1477, 1633]
const layout = ['123A', '456B', '789C', '*0#D']

/** Returns the two DTMF frequencies of a telephone key, in Hz. */
export function keyTones(key: string): readonly number[] | undefined {
  const row = layout.findIndex((keys) => keys.includes(key))
  const tones = [rows[row], columns[layout[row]?.indexOf(key) ?? -1]].filter((tone) => tone !== undefined)
  return tones.length === 2 ? tones : undefined
}

/** A repeating sound: its frequencies, and its seconds on and off. */
interface Cadence {
  tones: readonly number[]
  beat: readonly (readonly [on: number, off: number])[]
  volume: number
}

const cadences = {
  ringback: { tones: [440, 480], beat: [[2, 4]], volume: 0.06 },
  ringing: {
    tones: [523.25, 659.25],
    beat: [
      [0.4, 0.2],
      [0.4, 2],
    ],
    volume: 0.09,
  },
} as const satisfies Record<string, Cadence>

const keySeconds = 0.14

/** Plays the sounds of the phone page. Silent until the first user gesture, because browsers block audio before it. */
export class Tones {
  private context: AudioContext | undefined
  private repeating: { name: keyof typeof cadences; stop(): void } | undefined
  muted = false

  /** Enables audio. Call it from a user gesture. */
  unlock(): void {
    this.context ??= new AudioContext()
    if (this.context.state === 'suspended') this.context.resume().catch(() => {})
  }

  key(key: string): void {
    const tones = keyTones(key)
    if (tones !== undefined) this.sound(tones, keySeconds, 0.1)
  }

  hungUp(): void {
    for (const index of [0, 1, 2]) this.sound([480, 620], 0.22, 0.05, index * 0.42)
  }

  /** Starts a cadence, or stops it with null. Does nothing when the same cadence is already playing. */
  repeat(name: keyof typeof cadences | null): void {
    if (this.repeating?.name === name && !this.muted) return
    this.repeating?.stop()
    this.repeating = undefined
    if (name === null || this.muted) return
    const { tones, beat, volume } = cadences[name]
    let timer: ReturnType<typeof setTimeout>
    let step = 0
    const next = () => {
      const [on = 0, off = 0] = beat[step % beat.length] ?? []
      step += 1
      this.sound(tones, on, volume)
      timer = setTimeout(next, (on + off) * 1000)
    }
    next()
    this.repeating = {
      name,
      stop: () => {
        clearTimeout(timer)
        this.hush()
      },
    }
  }

  private playing = new Set<OscillatorNode>()

  private hush(): void {
    for (const oscillator of this.playing) oscillator.stop()
    this.playing.clear()
  }

  private sound(tones: readonly number[], seconds: number, volume: number, after = 0): void {
    const { context } = this
    if (context === undefined || this.muted) return
    const start = context.currentTime + after
    const gain = context.createGain()
    // Short volume ramps prevent clicks at the start and end of a tone.
    gain.gain.setValueAtTime(0, start)
    gain.gain.linearRampToValueAtTime(volume, start + 0.008)
    gain.gain.setValueAtTime(volume, start + seconds - 0.012)
    gain.gain.linearRampToValueAtTime(0, start + seconds)
    gain.connect(context.destination)
    for (const frequency of tones) {
      const oscillator = context.createOscillator()
      oscillator.frequency.value = frequency
      oscillator.connect(gain)
      oscillator.start(start)
      oscillator.stop(start + seconds + 0.02)
      oscillator.onended = () => this.playing.delete(oscillator)
      this.playing.add(oscillator)
    }
  }
}
