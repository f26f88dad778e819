/** A quiet two-tone ring, made by the browser, so that no sound file must be loaded. */

const RING_MS = 3_000
const TONES_HZ = [440, 554]
const VOLUME = 0.06

/** Rings until the returned function is called. Silent where the browser has no sound, or does not allow it yet. */
export function startRinging(): () => void {
  let audio: AudioContext
  try {
    audio = new AudioContext()
  } catch {
    return () => {}
  }
  const ring = () => {
    // Browsers allow sound only after the agent has used the page.
    audio.resume().then(
      () => playOnce(audio),
      () => undefined,
    )
  }
  ring()
  const timer = setInterval(ring, RING_MS)
  return () => {
    clearInterval(timer)
    void audio.close().catch(() => undefined)
  }
}

function playOnce(audio: AudioContext): void {
  for (const [index, frequency] of TONES_HZ.entries()) {
    const from = audio.currentTime + index * 0.25
    const oscillator = new OscillatorNode(audio, { frequency })
    const gain = new GainNode(audio, { gain: 0 })
    gain.gain.setValueAtTime(0, from)
    gain.gain.linearRampToValueAtTime(VOLUME, from + 0.02)
    gain.gain.linearRampToValueAtTime(0, from + 0.22)
    oscillator.connect(gain).connect(audio.destination)
    oscillator.start(from)
    oscillator.stop(from + 0.25)
  }
}
