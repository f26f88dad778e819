/** The wall of live calls for a supervisor. A separate entry, so that an agent's page does not load it. */
export { CallWall, type CallWallProps } from './call-wall.tsx'
export type { CallDescription, DescribeCall } from './use-wall.ts'
