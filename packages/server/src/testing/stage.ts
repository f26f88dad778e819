/** A stage with servers of this package. */
import { STAGE_SECRET, Stage } from '@callgather/test-kit/stage'
import { createTickets } from '../access/tickets.ts'
import { program } from './program.ts'

/** Opens a stage on a store. */
export const openStage = (store: string): Promise<Stage> =>
  Stage.open(store, { program, issueTicket: (request) => createTickets(STAGE_SECRET).issue(request) })
