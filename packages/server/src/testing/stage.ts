/** A test-kit stage whose servers run this package. */
import { STAGE_SECRET, Stage } from '@callgather/test-kit/stage'
import { createTickets } from '../access/tickets.ts'
import { program } from './program.ts'

/** Opens a stage whose servers use the given store. */
export const openStage = (store: string): Promise<Stage> =>
  Stage.open(store, { program, issueTicket: (request) => createTickets(STAGE_SECRET).issue(request) })
