/** The view of `<callgather-wall>`, which is loaded on demand. */
export { CallWall } from '@callgather/react/wall'
