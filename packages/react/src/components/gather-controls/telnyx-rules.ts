/** This module is separate, so that lazy loading fetches only `checkCommand` and not every schema of the protocol. */
export { checkCommand } from '@callgather/protocol/schema'
