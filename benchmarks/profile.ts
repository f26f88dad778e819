/**
 * Where the time goes: CPU profiles, as `BENCH_PROFILE=folder` has every part of a benchmark write them, as tables.
 *
 * Every sample is put down to what it is for: the innermost frame of its stack that says so. What Node or V8 do in the
 * name of no frame of ours, of a package or of a named part of Node stands as that. Waiting and starting are left out.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Table } from './harness.ts'

/** How profiles are shown. */
export interface ProfileOptions {
  /** How many items the process worked off; then each row also says what it cost one of them. */
  readonly items?: number | undefined
  /** How many functions are listed below the kinds of work. Default 0. */
  readonly functions?: number
}

/** A frame, in the source it was written in. */
interface Frame {
  readonly name: string
  /** A path of the repository, `package NAME`, `node:…`, or nothing. */
  readonly file: string
  readonly line: number
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number }
  readonly children?: readonly number[]
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** What frames are for; the first that fits. A frame of which none says anything asks its caller. */
const kinds: readonly [what: string, fits: (frame: Frame) => boolean][] = [
  ['waiting', ({ name }) => name === '(idle)'],
  ['garbage collection', ({ name }) => name === '(garbage collector)'],
  ['V8 and Node, unattributed', ({ name }) => name === '(program)'],
  ['starting', ({ file }) => /^node:internal\/(modules|process\/esm|bootstrap|main|v8\/startup)/.test(file)],
  [
    'signature',
    ({ file }) => file.startsWith('node:internal/crypto/sig') || file.startsWith('node:internal/crypto/webcrypto'),
  ],
  ['digest (HMAC)', ({ file }) => file.startsWith('node:internal/crypto/hash')],
  ['socket write', ({ name, file }) => file === '' && /^(write|shutdown)/.test(name)],
  ['JSON', ({ name, file }) => file === '' && /^(parse|stringify)$/.test(name)],
  ['HTTP answer', ({ file }) => file.startsWith('node:_http_outgoing')],
  ['HTTP request', ({ file }) => /^node:(_http|internal\/http)/.test(file)],
  ['sqlite', ({ file }) => /^package (libsql|@libsql\/.*|better-sqlite3)$/.test(file)],
  ['socket write', ({ name, file }) => file.startsWith('node:net') && /write/i.test(name)],
  ['socket read', ({ name, file }) => file === 'node:internal/stream_base_commons' && name === 'onStreamRead'],
  ['streams', ({ file }) => file.startsWith('node:internal/streams')],
  ['timers', ({ file }) => /^node:(internal\/)?timers/.test(file)],
  ['promises and ticks', ({ file }) => /^node:internal\/process\/(task_queues|promises)/.test(file)],
  ['', ({ file }) => file === '' || file.startsWith('node:')],
]

/** The tables of one profile. */
export function profileTables(text: string, { items, functions = 0 }: ProfileOptions = {}): Table[] {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as CpuProfile
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const frames = new Map(nodes.map((node) => [node.id, frameOf(node)]))
  const stackOf = (id: number) => {
    const stack: Frame[] = []
    for (let each: number | undefined = id; each !== undefined && byId.has(each); each = parents.get(each)) {
      stack.push(frames.get(each) as Frame)
    }
    return stack
  }

  const micros = new Map<number, number>()
  for (const [nth, id] of samples.entries()) micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[nth] ?? 0))
  const byKind = new Map<string, number>()
  const self = new Map<string, number>()
  const whole = new Map<string, number>()
  const add = (to: Map<string, number>, key: string, time: number) => to.set(key, (to.get(key) ?? 0) + time)
  let total = 0
  for (const [id, time] of micros) {
    const stack = stackOf(id)
    const kind = kindOf(stack)
    if (kind === 'waiting' || kind === 'starting') continue
    total += time
    add(byKind, kind, time)
    const places = stack.filter(({ name }) => name !== '(root)').map(placeOf)
    add(self, places[0] ?? '', time)
    for (const place of new Set(places)) add(whole, place, time)
  }

  const each = (time: number) => (items === undefined ? time / 1000 : time / items)
  const unit = items === undefined ? 'CPU ms' : 'CPU µs each'
  const share = (time: number) => `${((100 * time) / total).toFixed(1)} %`
  const largest = (map: Map<string, number>) => [...map].toSorted(([, a], [, b]) => b - a)
  const kindsTable: Table = {
    head: ['what', unit, 'share'],
    rows: [
      ...largest(byKind).map(([what, time]) => [what, each(time), share(time)]),
      ['all', each(total), share(total)],
    ],
  }
  const functionsTable: Table = {
    head: ['function', `${unit}, with what it calls`, 'by itself'],
    rows: largest(whole)
      .slice(0, functions)
      .map(([place, time]) => [place, each(time), each(self.get(place) ?? 0)]),
  }
  return functions > 0 ? [kindsTable, functionsTable] : [kindsTable]
}

/** The tables of every profile in a folder, those of one part together. */
export function profilesIn(folder: string, options: ProfileOptions): Table[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))
  if (files.length === 0) throw new Error(`There is no CPU profile in ${folder}. BENCH_PROFILE=${folder} makes some.`)
  return files.toSorted().flatMap((file) =>
    profileTables(readFileSync(join(folder, file), 'utf8'), options).map((table, nth) => ({
      ...table,
      caption: nth === 0 ? file : 'The functions it was spent in',
    })),
  )
}

function kindOf(stack: readonly Frame[]): string {
  if (stack.some(({ file }) => /^node:internal\/modules/.test(file))) return 'starting'
  for (const frame of stack) {
    const known = kinds.find(([, fits]) => fits(frame))
    if (!known) return frame.file
    if (known[0] !== '') return known[0]
  }
  return 'V8 and Node, unattributed'
}

const placeOf = ({ name, file, line }: Frame) =>
  `${name || '(anonymous)'} ${file}${file === '' ? '' : `:${line}`}`.trim()

function frameOf({ callFrame }: ProfileNode): Frame {
  const { functionName: name, url, lineNumber, columnNumber } = callFrame
  const source: Partial<SourceMapping> = mapOf(url)?.findEntry(lineNumber, columnNumber) ?? {}
  if (source.originalSource) {
    return {
      name,
      file: repositoryPath(new URL(source.originalSource, url).href),
      line: (source.originalLine ?? 0) + 1,
    }
  }
  return { name, file: repositoryPath(url), line: lineNumber + 1 }
}

const repository = fileURLToPath(new URL('..', import.meta.url))

function repositoryPath(url: string): string {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (name !== undefined) return `package ${name}`
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  return path.startsWith(repository) ? path.slice(repository.length) : path
}

const maps = new Map<string, SourceMap | null>()

/** The map that a bundled part carries in itself. */
function mapOf(url: string): SourceMap | null {
  const known = maps.get(url)
  if (known !== undefined) return known
  const found = /\/results\/parts\/.*\.mjs$/.test(url)
    ? /\/\/# sourceMappingURL=data:[^,]*;base64,(.*)\s*$/.exec(readFileSync(fileURLToPath(url), 'utf8'))?.[1]
    : undefined
  const map =
    found === undefined ? null : new SourceMap(JSON.parse(Buffer.from(found, 'base64').toString()) as SourceMapPayload)
  maps.set(url, map)
  return map
}
