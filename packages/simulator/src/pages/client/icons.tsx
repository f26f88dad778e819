/** @jsxImportSource preact */
/** Inline icons, so that no file is fetched. All are decorative: the button around an icon has the label. */

export const Logo = () => (
  <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" fill="var(--accent)" />
    <circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="3" />
    <circle cx="16" cy="16" r="3.6" fill="#fff" />
  </svg>
)

/** An icon that draws a line along an SVG path. */
const line =
  (d: string, size = 20) =>
  () => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={d} />
    </svg>
  )

/** An icon of a telephone receiver, lifted or put down. */
const receiver = (turn: number, usual: number) => {
  const d =
    'M6.6 3.2c.9-.3 1.8.1 2.3.9l1.3 2.4c.4.8.3 1.7-.3 2.3L8.6 10.1c.9 2 2.5 3.9 5.2 5.3l1.3-1.3c.6-.6 1.5-.7 2.3-.3l2.4 1.3c.8.5 1.2 1.4.9 2.3-.6 1.9-2.3 3.3-4.3 3.2C9.6 20.1 3.9 14.4 3.4 7.5c-.1-2 1.3-3.7 3.2-4.3Z'
  return ({ size = usual }: { size?: number }) => (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
      <path d={d} transform={`rotate(${turn} 12 12)`} />
    </svg>
  )
}

const speaker = 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Z'
const bell = 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5ZM10 20.5a2.1 2.1 0 0 0 4 0'

export const Handset = receiver(0, 26)
export const HangUp = receiver(135, 28)
export const Speaker = line(`${speaker}M15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11`)
export const SpeakerOff = line(`${speaker}m16 9.5 5 5m0-5-5 5`)
export const Bell = line(bell)
export const BellOff = line(`${bell}M4 3.5l16 17`)
export const Moon = line('M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2Z')
export const Sun = line(
  'M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2.5v2m0 15v2M2.5 12h2m15 0h2M5.3 5.3l1.4 1.4m10.6 10.6 1.4 1.4m0-13.4-1.4 1.4M6.7 17.3l-1.4 1.4',
)
export const Erase = line(
  'M9 5.5h10a1.5 1.5 0 0 1 1.5 1.5v10a1.5 1.5 0 0 1-1.5 1.5H9L3 12l6-6.5ZM11.5 9.5l5 5m0-5-5 5',
  24,
)
export const Send = line('M4.5 12h14m-5.5-6 6 6-6 6')
export const Close = line('m6 6 12 12M18 6 6 18', 16)
export const Plus = line('M12 5v14M5 12h14', 18)
export const Copy = line(
  'M10.5 8.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2',
  16,
)
