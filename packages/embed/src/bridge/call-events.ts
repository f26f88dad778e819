import type { HostEvent } from '@callgather/protocol'

/** The events about calls that elements dispatch and the frame forwards. */
export const callEvents = [
  'call-ringing',
  'call-answered',
  'call-ended',
  'gather-started',
  'gather-ended',
  'collected',
  'wrap-up',
  'wrap-up-saved',
] as const satisfies readonly HostEvent['type'][]
