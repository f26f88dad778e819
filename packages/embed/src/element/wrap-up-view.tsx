/** The wrap-up of `<callgather-panel>`, which is loaded when the call has ended. */
export { WrapUp } from '@callgather/react'
