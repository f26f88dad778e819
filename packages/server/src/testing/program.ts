/** The ready server as a process of its own. */
import { fileURLToPath } from 'node:url'
import { nodeArguments, type RunningProgram, startProgram } from '@callgather/test-kit/program'

export type { RunningProgram as Running }

/** The ready server. */
export const program = fileURLToPath(new URL('../server/cli.ts', import.meta.url))

/** What Node.js is started with. */
export const programArguments = nodeArguments(program)

/** Starts the server from its sources. Rejects with what it wrote when it does not become ready. */
export const startServer = (environment: Readonly<Record<string, string>>): Promise<RunningProgram> =>
  startProgram(program, environment)
