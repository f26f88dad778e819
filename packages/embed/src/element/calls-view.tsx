/** The view of `<callgather-calls>`, which is loaded on demand. */
export { CallList } from '@callgather/react'
