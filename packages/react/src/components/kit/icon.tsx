/** The icons of the components, on a 24-unit grid. All icons are decorative, because each has a text beside it. */

const paths: Readonly<Record<IconName, string>> = {
  check: 'M5 12.5 10 17.5 19 7',
  checks: 'M2.5 12.5 7 17 15.5 7.5 M11.5 16.5 12 17 20.5 7.5',
  cross: 'M6 6 18 18 M18 6 6 18',
  clock: 'M12 7.5V12l3 2 M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  stop: 'M7 7h10v10H7Z',
  hangup:
    'M3 14c0-5 18-5 18 0v2.2a1 1 0 0 1-1.2 1l-3-.6a1 1 0 0 1-.8-1V13.8a14 14 0 0 0-8 0v1.8a1 1 0 0 1-.8 1l-3 .6a1 1 0 0 1-1.2-1Z',
  robot: 'M6 9h12v9H6Z M12 9V5.5 M9.5 13v1 M14.5 13v1 M3.5 12.5v3 M20.5 12.5v3',
  question:
    'M9.2 9.2a2.9 2.9 0 1 1 4.3 2.7c-.9.5-1.5 1-1.5 2.1 M12 17.2v.1 M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  alert:
    'M12 8.5v4.5 M12 16.2v.1 M10.6 4.3 2.8 18a1.6 1.6 0 0 0 1.4 2.4h15.6a1.6 1.6 0 0 0 1.4-2.4L13.4 4.3a1.6 1.6 0 0 0-2.8 0Z',
  info: 'M12 11v5.5 M12 7.6v.1 M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  hidden:
    'M4 4 20 20 M9.9 5.6A9.6 9.6 0 0 1 12 5.4c5 0 8.5 4 9.5 6.6a12 12 0 0 1-2.6 3.8 M6.3 7.2A12 12 0 0 0 2.5 12c1 2.6 4.5 6.6 9.5 6.6a9.3 9.3 0 0 0 4.6-1.2',
  eye: 'M2.5 12C3.5 9.4 7 5.4 12 5.4s8.5 4 9.5 6.6c-1 2.6-4.5 6.6-9.5 6.6S3.5 14.6 2.5 12Z M12 9.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2Z',
  keypad: 'M6 5.5v.1 M12 5.5v.1 M18 5.5v.1 M6 12v.1 M12 12v.1 M18 12v.1 M12 18.5v.1',
  speech: 'M4 5.5h16v10.5H11l-4.5 3.5V16H4Z',
  whisper: 'M4 20l1.2-4.2L16 5l3 3L8.2 18.8Z M14 7l3 3',
  sound: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4Z M15.5 9a4.2 4.2 0 0 1 0 6 M18 6.5a7.8 7.8 0 0 1 0 11',
  fields: 'M4 6.5h3 M10.5 6.5h9.5 M4 12h3 M10.5 12h9.5 M4 17.5h3 M10.5 17.5h9.5',
  phone:
    'M5 3.5h4l1.7 4.6-2.3 1.7a12.5 12.5 0 0 0 5.8 5.8l1.7-2.3 4.6 1.7v4c0 .8-.7 1.5-1.5 1.5C10.5 20.5 3.5 13.5 3.5 5c0-.8.7-1.5 1.5-1.5Z',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M15.5 15.5 20 20',
  filter: 'M4 6.5h16 M7 12h10 M10 17.5h4',
  download: 'M12 4v11 M7.5 11l4.5 4.5 4.5-4.5 M5 19.5h14',
  copy: 'M9 9h10.5v10.5H9Z M5.5 15H4.5V4.5H15v1',
  down: 'M12 5v14 M6 13l6 6 6-6',
  chevron: 'M7 10l5 5 5-5',
  up: 'M7 14l5-5 5 5',
  interrupted: 'M10 6 4.5 11.5 10 17 M4.5 11.5H15a5 5 0 0 1 5 5v1.5',
  wave: 'M3.5 12h1.5 M8 8.5v7 M11.5 5.5v13 M15 9v6 M18.5 11v2',
  plus: 'M12 5.5v13 M5.5 12h13',
  bin: 'M4.5 6.5h15 M9.5 6.5V4.5h5v2 M6.5 6.5l.8 13h9.4l.8-13 M10.5 10.5v5.5 M13.5 10.5v5.5',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3 M19.5 4v4.5H15',
  offline: 'M4 4 20 20 M8.5 15.5a5 5 0 0 1 7 0 M5 12a10 10 0 0 1 4.5-2.6 M13.5 9.2A10 10 0 0 1 19 12 M12 19v.1',
  lock: 'M6 11h12v8.5H6Z M8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  braces:
    'M9 4.5c-2 0-3 1-3 3v2c0 1.5-.7 2.5-2 2.5 1.3 0 2 1 2 2.5v2c0 2 1 3 3 3 M15 4.5c2 0 3 1 3 3v2c0 1.5.7 2.5 2 2.5-1.3 0-2 1-2 2.5v2c0 2-1 3-3 3',
  dotted: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  table: 'M4 5h16v14H4Z M4 10h16 M10 10v9',
  pause: 'M9 6v12 M15 6v12',
} as const

/** Whether a text is the name of an icon. */
export const isIconName = (name: string | undefined): name is IconName =>
  name !== undefined && Object.hasOwn(paths, name)

/** The name of an icon. */
export type IconName =
  | 'check'
  | 'checks'
  | 'cross'
  | 'clock'
  | 'stop'
  | 'hangup'
  | 'robot'
  | 'question'
  | 'alert'
  | 'info'
  | 'hidden'
  | 'eye'
  | 'keypad'
  | 'speech'
  | 'whisper'
  | 'sound'
  | 'fields'
  | 'phone'
  | 'search'
  | 'filter'
  | 'download'
  | 'copy'
  | 'down'
  | 'chevron'
  | 'up'
  | 'interrupted'
  | 'wave'
  | 'plus'
  | 'bin'
  | 'refresh'
  | 'offline'
  | 'lock'
  | 'braces'
  | 'dotted'
  | 'table'
  | 'pause'

/** Icons that are mirrored in right-to-left text. */
const directional: ReadonlySet<IconName> = new Set(['interrupted'])

/** An icon in the colour and size of the surrounding text. It is hidden from assistive technology. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      className="cg-icon"
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
      data-icon={name}
      {...(directional.has(name) ? { 'data-mirrored': '' } : {})}
    >
      <path d={paths[name]} strokeDasharray={name === 'dotted' ? '3 3.7' : undefined} />
    </svg>
  )
}
