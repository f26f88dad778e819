#!/usr/bin/env node
/** The `callgather-simulator` command. Prints one JSON line to standard output when ready, and logs to standard error. */
import { runCommandLine } from './command-line.ts'

const outcome = await runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colours: process.stderr.isTTY,
})
if ('sim' in outcome && outcome.program) {
  const { sim, program } = outcome
  process.on('SIGINT', () => program.stop('SIGINT'))
  process.on('SIGTERM', () => program.stop('SIGTERM'))
  const exitCode = await program.exitCode
  await sim.close()
  process.exit(exitCode)
} else if ('sim' in outcome) {
  const stop = () => {
    outcome.sim.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} else {
  process.exitCode = outcome.exitCode
}
