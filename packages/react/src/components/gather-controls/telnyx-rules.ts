/** The check of a form, apart: fetched as a whole, `@callgather/protocol/schema` would bring every schema there is. */
export { checkCommand } from '@callgather/protocol/schema'
