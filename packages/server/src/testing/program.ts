/** Runs the server program as a child process. */
import { fileURLToPath } from 'node:url'
import { type RunningProgram, startProgram } from '@callgather/test-kit/program'

export type { RunningProgram as Running }

/** The path of the server program. */
export const program = fileURLToPath(new URL('../server/cli.ts', import.meta.url))

/** Starts the server program from its sources. Rejects with the program's output when it does not become ready. */
export const startServer = (environment: Readonly<Record<string, string>>): Promise<RunningProgram> =>
  startProgram(program, environment)
