/** `pnpm bench`, or `pnpm bench fold`: runs the benchmarks named, prints their tables, writes their figures. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fold } from './fold.ts'

const benchmarks: Record<string, () => string | Promise<string>> = { fold }

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(benchmarks, name))
if (unknown.length > 0 || wanted.includes('--help')) {
  process.stderr.write(`Usage: pnpm bench [NAME ...]\n  NAME is one of: ${Object.keys(benchmarks).join(', ')}\n`)
  process.exit(wanted.includes('--help') ? 0 : 1)
}
const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
process.stdout.write(`${machine}\n`)
mkdirSync(new URL('./results/', import.meta.url), { recursive: true })
for (const name of wanted.length > 0 ? wanted : Object.keys(benchmarks)) {
  const result = await benchmarks[name]?.()
  process.stdout.write(`\n## ${name}\n\n${result}\n`)
  const file = new URL(`./results/${name}.json`, import.meta.url)
  writeFileSync(file, `${JSON.stringify({ name, machine, at: new Date().toISOString(), result }, null, 2)}\n`)
}
