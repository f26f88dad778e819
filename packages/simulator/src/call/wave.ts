/** Generates the audio of a recording: a quiet tone, because the simulator has no audio of a call. */

const SAMPLE_RATE = 8000
const MAX_SECONDS = 3
const HEADER_BYTES = 44
const TONE_HZ = 440

/** Creates a WAV file (8-bit PCM, 8 kHz) that lasts `durationMs`, at most three seconds. */
export function createWave(durationMs: number, channelCount: 1 | 2): Uint8Array<ArrayBuffer> {
  const sampleCount = Math.round(Math.min(durationMs / 1000, MAX_SECONDS) * SAMPLE_RATE)
  const dataBytes = sampleCount * channelCount
  const bytes = Buffer.alloc(HEADER_BYTES + dataBytes)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(channelCount, 22)
  bytes.writeUInt32LE(SAMPLE_RATE, 24)
  bytes.writeUInt32LE(SAMPLE_RATE * channelCount, 28)
  bytes.writeUInt16LE(channelCount, 32)
  bytes.writeUInt16LE(8, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(dataBytes, 40)
  for (let index = 0; index < dataBytes; index += 1) {
    const time = Math.floor(index / channelCount) / SAMPLE_RATE
    const pitch = TONE_HZ * (1 + (index % channelCount))
    bytes[HEADER_BYTES + index] = 128 + Math.round(16 * Math.sin(2 * Math.PI * pitch * time))
  }
  return new Uint8Array(bytes)
}
