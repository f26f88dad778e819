/** A stage with servers of this package. */
import { STAGE_SECRET, Stage } from '@callgather/test-kit/stage'
import { ticketsOf } from '../access/tickets.ts'
import { program } from './program.ts'

/** Opens a stage on a store. */
export const openStage = (store: string): Promise<Stage> =>
  Stage.open(store, { program, issueTicket: (request) => ticketsOf(STAGE_SECRET).issue(request) })
