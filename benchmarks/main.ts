/** `pnpm bench`, or `pnpm bench ingest relay`: runs the benchmarks named, prints their tables, writes their figures. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { isMet, markdown } from './harness.ts'
import { profilesIn } from './profile.ts'
import { type Benchmark, benchmarks } from './registry.ts'

const names = Object.keys(benchmarks)
const byDefault = names.filter((name) => !benchmarks[name]?.onlyByName)
const width = Math.max(...names.map((name) => name.length))

const usage = `Usage: pnpm bench [NAME ...] [options]

Prints a table for each benchmark, and writes it to benchmarks/results/NAME.json and NAME.md. Default: all but soak.

${names.map((name) => `  ${name.padEnd(width)}  ${benchmarks[name]?.about}`).join('\n')}

  --quick      two rounds, a fifth of each: shows that all works; its figures are not to be quoted
  --long       more of everything: closer figures, in some three times the time; bundle also installs other kits
  --rounds N   how often each candidate has its turn (default 5; 11 with --long; 2 with --quick)
  --minutes N  how long the soak goes on (default 30)
  -h, --help   show this

       pnpm bench profile DIR [--items N] [--functions N]

Says where the time went in the CPU profiles of DIR, which BENCH_PROFILE=DIR has every process write.

  --items N      how many webhooks, appends, … each worked off; then figures are for one of them
  --functions N  also the N functions that took most

Servers are pinned to core 0, senders and watchers to core 1; let nothing else run. Redis and Chromium are needed for
what measures them.
`

const { values, positionals } = readArguments()
if (positionals[0] === 'profile') showProfiles(positionals[1])
const minutes = wholeOr(values.minutes, 30, 'minutes')
const rounds = wholeOr(values.rounds, values.quick ? 2 : values.long ? 11 : 5, 'rounds')
const size = values.quick ? 0.2 : values.long ? 4 : 1
const chosen = positionals.length > 0 ? positionals : byDefault
const estimate = chosen.reduce((sum, name) => sum + minutesOf(name, benchmarks[name]), 0)
const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
process.stdout.write(
  `${machine}\n${chosen.length} to run, ${rounds} rounds, about ${Math.ceil(estimate)} min in all.\n`,
)

const results = new URL('./results/', import.meta.url)
mkdirSync(results, { recursive: true })
const failed: string[] = []
for (const [nth, name] of chosen.entries()) {
  const about = Math.max(0.1, minutesOf(name, benchmarks[name])).toFixed(1)
  process.stderr.write(`\n${nth + 1} of ${chosen.length}: ${name} (about ${about} min)\n`)
  const began = performance.now()
  try {
    const report = await benchmarks[name]?.run({ rounds, size, long: values.long, minutes })
    if (!report) continue
    const text = markdown(report)
    const seconds = Math.round((performance.now() - began) / 1000)
    process.stdout.write(`\n## ${name} (${rounds} rounds, ${seconds} s)\n\n${text}\n`)
    const goals = report.goals.map((goal) => ({ ...goal, met: isMet(goal) }))
    const record = { name, machine, at: new Date().toISOString(), rounds, seconds, ...report, goals }
    writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(record, null, 2)}\n`)
    writeFileSync(new URL(`${name}.md`, results), `${text}\n`)
  } catch (error) {
    // An hour of figures is not thrown away for one benchmark that could not run.
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    failed.push(name)
  }
}
if (failed.length > 0) process.stderr.write(`\nFailed: ${failed.join(', ')}.\n`)
// What a failed one has left running ends with this process.
process.exit(failed.length > 0 ? 1 : 0)

function readArguments() {
  try {
    const read = parseArgs({
      allowPositionals: true,
      options: {
        long: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        items: { type: 'string' },
        functions: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (read.values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    if (read.positionals[0] === 'profile') return read
    const unknown = read.positionals.filter((name) => !Object.hasOwn(benchmarks, name))
    if (unknown.length > 0) refuse(`There is no benchmark ${unknown.join(', ')}.`)
    return read
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function showProfiles(folder: string | undefined): never {
  if (folder === undefined) refuse('Which folder has the profiles?')
  try {
    const items = values.items === undefined ? undefined : wholeOr(values.items, 1, 'items')
    const functions = values.functions === undefined ? 0 : wholeOr(values.functions, 0, 'functions')
    process.stdout.write(`${markdown({ tables: profilesIn(folder, { items, functions }), goals: [] })}\n`)
    process.exit(0)
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function wholeOr(text: string | undefined, fallback: number, option: string): number {
  const value = text === undefined ? fallback : Number(text)
  return Number.isInteger(value) && value >= 1 ? value : refuse(`--${option} takes a whole number from 1.`)
}

function minutesOf(name: string, benchmark: Benchmark | undefined): number {
  if (name === 'soak') return minutes + 2
  const { fixed = 0, perRound = 0 } = benchmark ?? {}
  return (fixed + perRound * (rounds + 1) * size) / 60
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n\n${usage}`)
  process.exit(1)
}
