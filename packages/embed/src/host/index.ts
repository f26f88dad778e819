/** `@callgather/embed/host`: shows CallGather in an iframe of the server's origin, from a page of any other origin. */
export type * from '@callgather/protocol'
export { type CallGatherFrame, type MountOptions, mountCallGather } from './mount.ts'
