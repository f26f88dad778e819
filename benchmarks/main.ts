/** `pnpm bench`, or `pnpm bench ingest relay`: runs the benchmarks named and prints their figures and goals. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Goal, isMet, markdown, type Report } from './harness.ts'
import { MAX_SPREAD, takeSpread } from './idle.ts'
import { benchmarks } from './registry.ts'

const MAX_ATTEMPTS = 3

const usage = `Usage: pnpm bench [NAME ...] [options]

Prints the tables of each benchmark, then its goals: limit, measured, met or not. Default: all but soak.

${Object.entries(benchmarks)
  .map(([name, { about }]) => `  ${name.padEnd(10)}  ${about}`)
  .join('\n')}

  --quick      two short rounds: shows that all works; do not quote its figures
  --rounds N   how often each contender has its turn (default 5)
  --minutes N  how long the soak takes (default 30)
  -h, --help   show this

Servers are pinned to core 0, senders and watchers to core 1; let nothing else run. A benchmark during which fixed work
took 15 % longer in one round than in another is repeated, at most twice; then its goals are "not idle".
nodes needs redis-server; screen and first-key need Chromium; bundle and first-key need the built packages.
`

const { values, positionals } = readArguments()
const rounds = wholeNumber(values.rounds, values.quick ? 2 : 5, 'rounds')
const effort = { rounds, size: values.quick ? 0.2 : 1, minutes: wholeNumber(values.minutes, 30, 'minutes') }
const chosen = positionals.length > 0 ? positionals : Object.keys(benchmarks).filter((name) => name !== 'soak')
process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`)

const goals: Goal[] = []
const failed: string[] = []
for (const name of chosen) {
  process.stderr.write(`\n${name}: ${benchmarks[name]?.about}\n`)
  try {
    const report = await runIdle(name)
    if (!report) continue
    goals.push(...(report.isIdle ? report.goals : []))
    process.stdout.write(`\n## ${name}\n\n${markdown(report, report.isIdle)}\n`)
  } catch (error) {
    // A failed benchmark must not discard the figures of the others.
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    failed.push(name)
  }
}
process.stdout.write(`\n${goals.filter(isMet).length} of the ${goals.length} goals measured on an idle machine met.\n`)
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join(', ')}.\n`)
process.exit(failed.length > 0 ? 1 : 0)

/** Runs a benchmark, up to three times until the machine was idle meanwhile. */
async function runIdle(name: string): Promise<(Report & { readonly isIdle: boolean }) | undefined> {
  for (let attempt = 1; ; attempt++) {
    takeSpread()
    const report = await benchmarks[name]?.run(effort)
    const spread = takeSpread()
    if (!report) return undefined
    if (spread <= MAX_SPREAD) return { ...report, isIdle: true }
    process.stderr.write(`  The machine was not idle: fixed work took up to ${(spread * 100).toFixed(0)} % longer.\n`)
    if (attempt === MAX_ATTEMPTS || values.quick) return { ...report, isIdle: false }
  }
}

function readArguments() {
  try {
    const read = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (read.values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const unknown = read.positionals.filter((name) => !Object.hasOwn(benchmarks, name))
    if (unknown.length > 0) refuse(`There is no benchmark ${unknown.join(', ')}.`)
    return read
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function wholeNumber(text: string | undefined, fallback: number, option: string): number {
  const value = text === undefined ? fallback : Number(text)
  return Number.isInteger(value) && value >= 1 ? value : refuse(`--${option} takes a whole number from 1.`)
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n\n${usage}`)
  process.exit(1)
}
