/** Joins WebP images into an animated WebP, as the container format of WebP specifies. */

/** A frame: an image that replaces a part of the picture, and how long the picture stays. */
export interface Frame {
  /** A WebP file without transparency. */
  readonly image: Buffer
  /** The place of the image. Both are even, because the format stores half of them. */
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly durationMs: number
}

const CHUNK_HEADER_BYTES = 8
const FILE_HEADER_BYTES = 12

/** Returns the chunks of a WebP file that hold pixels. */
function pixelsOf(file: Buffer): Buffer {
  const pixels: Buffer[] = []
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    const type = file.toString('latin1', at, at + 4)
    const size = file.readUInt32LE(at + 4)
    const end = at + CHUNK_HEADER_BYTES + size + (size % 2)
    if (['VP8 ', 'VP8L', 'ALPH'].includes(type)) pixels.push(file.subarray(at, end))
    at = end
  }
  return Buffer.concat(pixels)
}

function chunk(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES)
  header.write(type, 'latin1')
  header.writeUInt32LE(body.length, 4)
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)])
}

/** Writes numbers of three bytes, which the format uses for sizes and times. */
function uint24(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 3)
  for (const [nth, number] of numbers.entries()) bytes.writeUIntLE(number, nth * 3, 3)
  return bytes
}

const ANIMATION_FLAG = 0b10
const REPLACE_PIXELS = 0b10
const LOOP_FOREVER = 0

/** Joins frames into one file that plays in a loop. */
export function animatedWebp(width: number, height: number, frames: readonly Frame[]): Buffer {
  const background = Buffer.from([255, 255, 255, 255])
  const body = Buffer.concat([
    Buffer.from('WEBP', 'latin1'),
    chunk('VP8X', Buffer.concat([Buffer.from([ANIMATION_FLAG, 0, 0, 0]), uint24(width - 1, height - 1)])),
    chunk('ANIM', Buffer.concat([background, Buffer.from([LOOP_FOREVER, 0])])),
    ...frames.map(({ image, left, top, width, height, durationMs }) => {
      const place = uint24(left / 2, top / 2, width - 1, height - 1, durationMs)
      return chunk('ANMF', Buffer.concat([place, Buffer.from([REPLACE_PIXELS]), pixelsOf(image)]))
    }),
  ])
  const riff = Buffer.alloc(CHUNK_HEADER_BYTES)
  riff.write('RIFF', 'latin1')
  riff.writeUInt32LE(body.length, 4)
  return Buffer.concat([riff, body])
}
