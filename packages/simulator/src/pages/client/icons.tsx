/** @jsxImportSource preact */
/** Line icons, drawn here so that nothing is fetched. All are decoration: the button around one carries the name. */
import type { ComponentChildren } from 'preact'

function Icon({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
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
      {children}
    </svg>
  )
}

export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="3" />
      <circle cx="16" cy="16" r="3.6" fill="#fff" />
    </svg>
  )
}

const handset =
  'M6.6 3.2c.9-.3 1.8.1 2.3.9l1.3 2.4c.4.8.3 1.7-.3 2.3L8.6 10.100c.9 2 2.5 3.9 5.2 5.300l1.3-1.300c.6-.6 1.5-.7 2.3-.3l2.4 1.300c.8.5 1.2 1.4.9 2.3-.6 1.9-2.3 3.3-4.3 3.200C9.6 20.1 3.9 14.4 3.4 7.500c-.1-2 1.3-3.7 3.2-4.300Z'

export const Handset = ({ size = 26 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
    <path d={handset} />
  </svg>
)
export const HangUp = ({ size = 28 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
    <path d={handset} transform="rotate(135 12 12)" />
  </svg>
)
export const Speaker = () => (
  <Icon>
    <path d="M4 9.500v5h3.500L12 18.500v-13L7.5 9.500H4Z" />
    <path d="M15.5 9a4.5 4.5 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11" />
  </Icon>
)
export const SpeakerOff = () => (
  <Icon>
    <path d="M4 9.500v5h3.500L12 18.500v-13L7.5 9.500H4Z" />
    <path d="m16 9.5 5 5m0-5-5 5" />
  </Icon>
)
export const BellOff = ({ on }: { on: boolean }) => (
  <Icon>
    <path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.5 1.500h-15L6 16.500ZM10 20.500a2.1 2.1 0 0 0 4 0" />
    {on && <path d="m4 3.5 16 17" />}
  </Icon>
)
export const Moon = () => (
  <Icon>
    <path d="M20 14.200A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.200Z" />
  </Icon>
)
export const Sun = () => (
  <Icon>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2.500v2m0 15v2M2.5 12h2m15 0h2M5.3 5.300l1.4 1.400m10.6 10.6 1.4 1.400m0-13.4-1.4 1.400M6.7 17.300l-1.4 1.4" />
  </Icon>
)
export const Erase = () => (
  <Icon size={24}>
    <path d="M9 5.500h10a1.5 1.5 0 0 1 1.5 1.500v10a1.5 1.5 0 0 1-1.5 1.500H9L3 12l6-6.500Z" />
    <path d="m11.5 9.5 5 5m0-5-5 5" />
  </Icon>
)
export const Send = () => (
  <Icon>
    <path d="M4.5 12h14m-5.5-6 6 6-6 6" />
  </Icon>
)
export const Close = () => (
  <Icon size={16}>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
)
export const Plus = () => (
  <Icon size={18}>
    <path d="M12 5v14M5 12h14" />
  </Icon>
)
export const Copy = () => (
  <Icon size={16}>
    <rect x="8.5" y="8.5" width="11" height="11" rx="2" />
    <path d="M15.5 8.500v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2" />
  </Icon>
)
