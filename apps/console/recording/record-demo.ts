/**
 * Records `docs/images/demo.webp`: a caller and an agent use the demo in Chromium. A frame is a screenshot of both pages
 * after a step, so the picture shows what the pages showed, and each step stays as long as a reader needs.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright'
import { Agent, Caller } from '../e2e/people.ts'
import { setStage } from '../e2e/stage.ts'
import { animatedWebp, type Frame } from './animated-webp.ts'

const HEIGHT = 820
const PHONE_WIDTH = 380
const GAP = 12
const CONSOLE_WIDTH = 1058
const WIDTH = PHONE_WIDTH + GAP + CONSOLE_WIDTH
const QUALITY = 0.8
const MAX_BYTES = 1_500_000

/** A part of a picture, as Chromium's WebP in base64. */
type Patch = Omit<Frame, 'image' | 'durationMs'> & { readonly image: string }

/** Draws both pages into one picture. Returns the part that differs from the picture before, or `null`. Runs in a page. */
async function drawPages(input: { pages: { left: number; png: string }[]; size: number[]; quality: number }) {
  const [width = 0, height = 0] = input.size
  const kept = globalThis as { before?: ImageData }
  const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false, willReadFrequently: true })
  if (!context) throw new Error('Chromium has no canvas.')
  context.fillStyle = 'white'
  context.fillRect(0, 0, width, height)
  for (const { left, png } of input.pages) {
    const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0))
    context.drawImage(await createImageBitmap(new Blob([bytes], { type: 'image/png' })), left, 0)
  }
  const now = context.getImageData(0, 0, width, height)
  const pixels = new Uint32Array(now.data.buffer)
  const before = new Uint32Array(kept.before?.data.buffer ?? new ArrayBuffer(width * height * 4))
  kept.before = now
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let at = 0; at < pixels.length; at++) {
    if (pixels[at] === before[at]) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + 1)
    bottom = Math.max(bottom, y + 1)
  }
  if (right <= left) return null
  left -= left % 2
  top -= top % 2
  const part = new OffscreenCanvas(right - left, bottom - top)
  part.getContext('2d', { alpha: false })?.drawImage(context.canvas, -left, -top)
  const blob = await part.convertToBlob({ type: 'image/webp', quality: input.quality })
  const bytes = new Uint8Array(await blob.arrayBuffer())
  const image = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return { image, left, top, width: right - left, height: bottom - top }
}

await using stage = await setStage()
const phone = await stage.openPhone()
const desk = await stage.openConsole()
await phone.setViewportSize({ width: PHONE_WIDTH, height: HEIGHT })
await desk.setViewportSize({ width: CONSOLE_WIDTH, height: HEIGHT })
const canvas = await desk.context().newPage()
await desk.bringToFront()
const caller = new Caller(phone)
const agent = new Agent(desk)

const frames: Frame[] = []
const screenshotOf = async (page: Page) => (await page.screenshot({ caret: 'initial' })).toString('base64')

/** Adds a frame that stays for a time. */
async function show(durationMs: number): Promise<void> {
  const pages = [
    { left: 0, png: await screenshotOf(phone) },
    { left: PHONE_WIDTH + GAP, png: await screenshotOf(desk) },
  ]
  const patch: Patch | null = await canvas.evaluate(drawPages, { pages, size: [WIDTH, HEIGHT], quality: QUALITY })
  const last = frames.at(-1)
  if (patch) frames.push({ ...patch, image: Buffer.from(patch.image, 'base64'), durationMs })
  else if (last) frames[frames.length - 1] = { ...last, durationMs: last.durationMs + durationMs }
}

await show(1200)
await caller.dial()
await agent.ringing.waitFor()
await show(1200)
await agent.answers()
await show(1000)

await agent.panel.getByRole('button', { name: 'Account number' }).click()
await caller.hears(/account number/)
await show(1400)
let digits = ''
for (const key of '407192') {
  await caller.press(key)
  digits += key
  await agent.sees(digits, 12)
  await show(450)
}
await caller.press('#')
await agent.seesChip('Valid')
await show(1800)

await agent.panel.getByRole('button', { name: 'Appointment' }).click()
await caller.hears(/full name/i)
await show(1300)
await caller.say('Maria Alvarez')
await agent.seesField('Full name', 'Maria Alvarez', 'heard')
await caller.hears(/party size/i)
await show(1600)
await caller.say('four')
await agent.seesField('Party size', '4', 'confirmed')
await show(1800)

await agent.panel.getByRole('button', { name: 'Start assistant' }).click()
await agent.hears('Assistant joined')
await show(1200)
await agent.panel.getByRole('button', { name: 'Offer Thursday first.' }).click()
await show(900)
await agent.panel.getByRole('button', { name: 'Whisper' }).click()
await agent.panel.getByRole('list', { name: 'Messages to the assistant' }).getByText('accepted').waitFor()
await show(1400)
await caller.say('I need to move my appointment')
await caller.hears(/Thursday/)
await agent.hears('Thursday')
await show(3500)

const file = fileURLToPath(new URL('../../../docs/images/demo.webp', import.meta.url))
const picture = animatedWebp(WIDTH, HEIGHT, frames)
if (picture.length > MAX_BYTES)
  throw new Error(
    `The picture has ${picture.length} bytes, more than ${MAX_BYTES}. Lower QUALITY or record fewer steps.`,
  )
writeFileSync(file, picture)
process.stdout.write(`${file}: ${frames.length} frames, ${Math.round(picture.length / 1000)} kB\n`)
