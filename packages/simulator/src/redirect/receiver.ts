/** Finds the webhook endpoint of a program: the port it listens on, and the route in its source. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { extname, join, relative, resolve, sep } from 'node:path'

/** A POST route and where a program's source declares it. */
export interface WebhookRoute {
  readonly path: string
  /** Path of the source file, relative to the folder that was searched. */
  readonly file: string
  /** Line number of the route, starting at 1. */
  readonly line: number
}

const MAX_FILES = 500
const MAX_FILE_BYTES = 500_000
const skipped = new Set([
  'node_modules',
  'dist',
  'build',
  'venv',
  'env',
  '__pycache__',
  'site-packages',
  'test',
  'tests',
])

/** Patterns of POST routes in Express, Fastify, Hono and Koa, and in Flask, FastAPI, aiohttp and Bottle. */
const routePatterns: Record<string, readonly RegExp[]> = {
  js: [
    /\b(?<router>\w+)\.(?:post|all)\(\s*(['"`])(?<path>\/[^'"`\n]*)\2/g,
    /\.route\(\s*(['"`])(?<path>\/[^'"`\n]*)\1\)\s*\.post/g,
    /\b(?:url|pathname|path)\s*[!=]==?\s*(['"`])(?<path>\/[^'"`\n]+)\1/g,
  ],
  py: [
    /@(?<router>\w+)\.(?:post|api_route)\(\s*(['"])(?<path>\/[^'"\n]*)\2/g,
    /@(?<router>\w+)\.route\(\s*(['"])(?<path>\/[^'"\n]*)\2[^)]*POST/g,
    /add_(?:post|route)\(\s*(?:['"]POST['"],\s*)?(['"])(?<path>\/[^'"\n]*)\1/g,
    /\bpath\s*[!=]=\s*(['"])(?<path>\/[^'"\n]+)\1/g,
  ],
}
/** Patterns that give the routes of a router a prefix: `app.use('/hooks', router)`, `router = APIRouter(prefix="/hooks")`. */
const prefixPatterns: Record<string, RegExp> = {
  js: /\.(?:use|route|register)\(\s*(['"`])(?<path>\/[^'"`\n]+)\1[^;\n]*,\s*(?<router>\w+)\s*\)/g,
  py: /\b(?<router>\w+)\s*=\s*(?:APIRouter|Blueprint)\([^)]*prefix\s*=\s*(['"])(?<path>\/[^'"\n]+)\2/g,
}
const languages: Record<string, string> = { '.js': 'js', '.mjs': 'js', '.cjs': 'js', '.ts': 'js', '.py': 'py' }

/**
 * Finds routes in a program's source that may receive webhooks, the likeliest first. Leaves out routes that start an
 * action of the program, such as `/calls/dial`, because a webhook sent to one would start it.
 * In `command`, a source file that reads events is likelier than any other file of the folder.
 */
export async function findWebhookRoutes(folder: string, command: readonly string[] = []): Promise<WebhookRoute[]> {
  const started = new Set(command.map((word) => resolve(folder, word)))
  const routes: (WebhookRoute & { points: number })[] = []
  for (const path of await sourcesIn(folder)) {
    const text = await readFile(path, 'utf8')
    if (text.length > MAX_FILE_BYTES) continue
    const file = relative(folder, path)
    const nextRoute = nextRouteOf(file, text)
    const contentPoints = readsEvents.test(text) ? (started.has(path) ? STARTED_FILE_POINTS : 1) : 0
    const found = routesIn(text, languages[extname(path)] ?? '')
    for (const route of nextRoute ? [...found, nextRoute] : found)
      routes.push({ ...route, file, points: likelihood(route.path) + contentPoints })
  }
  return routes
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ path, file, line }) => ({ path, file, line }))
}

function routesIn(text: string, language: string): Omit<WebhookRoute, 'file'>[] {
  const matches = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(({ index, groups }) => ({ line: lineAt(text, index), ...groups }) as RouteMatch)
  const prefix = prefixPatterns[language]
  const prefixes = new Map(prefix && matches(prefix).map(({ router, path }) => [router, path]))
  return (routePatterns[language] ?? [])
    .flatMap(matches)
    .map(({ router, path, line }) => ({ path: `${prefixes.get(router) ?? ''}${path}`, line }))
    .filter(({ path }) => !/[:*{<$]/.test(path))
}

interface RouteMatch {
  readonly router?: string
  readonly path: string
  readonly line: number
}

/** Returns the POST route of a Next.js file, such as `app/api/voice/route.ts` or `pages/api/voice.ts`. */
function nextRouteOf(file: string, text: string): Omit<WebhookRoute, 'file'> | null {
  const name = file.split(sep).join('/')
  const handler = /\bexport\s+(?:async\s+function|const)\s+POST\b/.exec(text)
  const appRoute = handler && /(?:^|\/)app(\/.+)\/route\.\w+$/.exec(name)?.[1]
  const path = appRoute || /(?:^|\/)pages(\/api\/.+?)(?:\/index)?\.\w+$/.exec(name)?.[1]
  if (!path || path.includes('[')) return null
  // A folder in parentheses groups routes and is no part of the path.
  return { path: path.replace(/\/\([^)]+\)/g, ''), line: lineAt(text, handler?.index ?? 0) }
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** What a file contains that reads the events of a webhook. */
const readsEvents = /event_?type|\bcall\.(?:initiated|answered)/i

/** Exceeds the score of every path, but does not make up for the name of an action. */
const STARTED_FILE_POINTS = 8

/** Scores how likely a route is a voice webhook. A higher score is more likely. */
function likelihood(path: string): number {
  let points = 0
  if (/hook|callback/i.test(path)) points += 4
  if (/voice|calls?\b|call-control|inbound|incoming|telnyx/i.test(path)) points += 2
  if (/event/i.test(path)) points += 1
  if (/fail|fallback|sms|messag|status|outbound|stripe|twilio|slack/i.test(path)) points -= 3
  if (/\/api\//i.test(path)) points -= 1
  if (/\b(?:dial|initiate|start|make|transfer|hangup|create|send|run|trigger)\b/i.test(path)) points -= 5
  return points
}

/** Returns whether a route receives the webhooks of text messages. */
export const isMessageRoute = ({ path }: WebhookRoute): boolean =>
  /webhook|callback|inbound|incoming|telnyx/i.test(path) &&
  /sms|mms|messag/i.test(path) &&
  !/status|fail|fallback/i.test(path)

async function sourcesIn(folder: string): Promise<string[]> {
  const found: string[] = []
  const queue = [folder]
  for (let next = queue.shift(); next !== undefined && found.length < MAX_FILES; next = queue.shift()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => [])
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
      if (entry.name.startsWith('.') || skipped.has(entry.name)) continue
      const path = join(next, entry.name)
      if (entry.isDirectory()) queue.push(path)
      else if (extname(entry.name) in languages) found.push(path)
    }
  }
  return found.slice(0, MAX_FILES)
}

/** Lists the TCP ports on which a process and its descendants listen. Returns an empty list on systems without `/proc`. */
export async function portsOf(pid: number): Promise<number[]> {
  const inodes = new Set<string>()
  for (const descendant of await processTree(pid)) {
    const folder = `/proc/${descendant}/fd`
    for (const fd of await readdir(folder).catch(() => [])) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(join(folder, fd)).catch(() => ''))?.[1]
      if (inode) inodes.add(inode)
    }
  }
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  return tables.flatMap((table) =>
    table.split('\n').flatMap((row) => {
      const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
      // State 0A of /proc/net/tcp: the socket is listening.
      return state === '0A' && inodes.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : []
    }),
  )
}

async function processTree(pid: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    // The second field of /proc/PID/stat is the program name in parentheses, which may contain spaces.
    const fields = (await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')).split(') ').at(-1)?.split(' ')
    if (fields?.[1]) parents.set(Number(name), Number(fields[1]))
  }
  const tree = [pid]
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child)
  return tree
}
