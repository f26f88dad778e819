/** `pnpm bench`, or `pnpm bench ingest relay`: runs the benchmarks named, prints their tables, writes their figures. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.ts'
import { fanout } from './fanout.ts'
import { fold } from './fold.ts'
import { type Effort, isMet, markdown, type Report } from './harness.ts'
import { ingest } from './ingest.ts'
import { react } from './react.ts'
import { relay } from './relay.ts'
import { resume } from './resume.ts'
import { scaling } from './scaling.ts'
import { soak } from './soak.ts'
import { transcript } from './transcript.ts'

const benchmarks: Readonly<Record<string, (effort: Effort) => Report | Promise<Report>>> = {
  bundle,
  fanout,
  fold,
  ingest,
  react,
  relay,
  resume,
  scaling,
  transcript,
}

const usage = `Usage: pnpm bench [NAME ...] [--long] [--rounds N] [--minutes N]
  NAME      one of: ${Object.keys(benchmarks).join(', ')}. Default: all of these; or: soak.
  --long    more of everything: closer figures, in some three times the time.
  --rounds  how often each candidate has its turn. Default 5, or 11 with --long.
  --minutes how long the soak goes on. Default 30.
Prints a table for each, and writes it to benchmarks/results/NAME.json and NAME.md.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    minutes: { type: 'string' },
    help: { type: 'boolean' },
  },
})
const unknown = positionals.filter((name) => name !== 'soak' && !Object.hasOwn(benchmarks, name))
if (unknown.length > 0 || values.help) {
  process.stderr.write(unknown.length > 0 ? `There is no benchmark ${unknown.join(', ')}.\n${usage}` : usage)
  process.exit(values.help ? 0 : 1)
}
const rounds = Number(values.rounds ?? (values.long ? 11 : 5))
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`--rounds takes a whole number from 1.\n${usage}`)
  process.exit(1)
}

const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
process.stdout.write(`${machine}\n`)
const results = new URL('./results/', import.meta.url)
mkdirSync(results, { recursive: true })
for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
  const began = performance.now()
  const report =
    name === 'soak' ? await soak(Number(values.minutes ?? 30)) : await benchmarks[name]?.({ rounds, long: values.long })
  if (!report) continue
  const text = markdown(report)
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(`\n## ${name} (${rounds} rounds, ${seconds} s)\n\n${text}\n`)
  const goals = report.goals.map((goal) => ({ ...goal, met: isMet(goal) }))
  const record = { name, machine, at: new Date().toISOString(), rounds, ...report, goals }
  writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(record, null, 2)}\n`)
  writeFileSync(new URL(`${name}.md`, results), `${text}\n`)
}
