/**
 * Serves the page of the iframe and its files. Only pages of the allowed origins may frame it, and nothing on it is
 * secret: the ticket arrives by message. See `mountCallGather` of `@callgather/embed/host`.
 */
import { createHash } from 'node:crypto'
import { gatherError } from '@callgather/protocol'
import { errorResponse, type HttpRequest, type HttpResponse } from '../edge/message.ts'
import type { Route } from './router.ts'

/** The files of the iframe's page by name: `embedFiles` of `@callgather/embed/files`. */
export interface EmbedFiles {
  readonly [name: string]: string
}

/** The scripts that the page loads. They import the other files on demand. */
const SCRIPTS = ['callgather.mjs', 'frame.mjs'] as const
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  mjs: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}
/** The origins that a Content-Security-Policy can name. It can't name an IPv6 address. */
const NAMEABLE_ORIGIN = /^https?:\/\/[a-z0-9.-]+(:\d+)?$/
const UNUSED_FEATURES = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb', 'serial', 'hid']

/**
 * Returns the routes of `GET /embed` and its files. Without `files`, they answer 404 and name the package to install.
 *
 * @throws when `files` lacks a file that the page loads.
 */
export function embedRoutes({ files, allowedOrigins }: EmbedDeps): Route[] {
  const missing = files && SCRIPTS.find((name) => !Object.hasOwn(files, name))
  if (missing) throw new Error(`\`embed\` has no file ${missing}. Pass \`embedFiles\` of \`@callgather/embed/files\`.`)
  const origins = allowedOrigins.filter((origin) => NAMEABLE_ORIGIN.test(origin))
  // The links are relative, so that the page also works behind a proxy that adds a prefix to the path.
  const pages = { '/embed': pageOf('embed/', origins), '/embed/': pageOf('', origins) }
  const served = new Map(Object.entries(files ?? {}).map(([name, body]) => [name, fileOf(name, body)]))
  const notInstalled = gatherError(
    'notFound',
    'This server has no files for the iframe. Install `@callgather/embed` beside the server, and pass its `embedFiles` as the option `embed`.',
  )
  const answer = (response: HttpResponse | undefined, request: HttpRequest): HttpResponse => {
    if (!files) return errorResponse(notInstalled)
    if (!response) return errorResponse(gatherError('notFound', 'The iframe has no file of this name.'))
    return isCached(request, response) ? { status: 304, headers: response.headers ?? {} } : response
  }
  return [
    {
      method: 'GET',
      pattern: '/embed',
      handler: async (request) => answer(pages[request.path === '/embed/' ? '/embed/' : '/embed'], request),
    },
    ...['/embed/:file', '/embed/:folder/:file'].map(
      (pattern): Route => ({
        method: 'GET',
        pattern,
        handler: async (request, { folder: place = '', file = '' }) =>
          answer(served.get(place === '' ? file : `${place}/${file}`), request),
      }),
    ),
  ]
}

/** What `embedRoutes` needs. */
export interface EmbedDeps {
  readonly files: EmbedFiles | undefined
  /** The origins whose pages may frame the page, parsed. */
  readonly allowedOrigins: readonly string[]
}

/** Returns the page. Its links begin with `folder`. The script checks the origin of its parent against the meta tag. */
function pageOf(folder: string, origins: readonly string[]): HttpResponse {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="callgather-origins" content="${escapeHtml(origins.join(' '))}">
<title>CallGather</title>
${SCRIPTS.map((name) => `<script type="module" src="${folder}${name}"></script>`).join('\n')}
</head>
<body></body>
</html>
`
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': origins.join(' ') || "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  }
  return {
    status: 200,
    headers: {
      ...sharedHeaders(body),
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': Object.entries(policy)
        .map(([name, value]) => `${name} ${value}`)
        .join('; '),
      'permissions-policy': UNUSED_FEATURES.map((name) => `${name}=()`).join(', '),
      // A window that opens the page keeps no reference to it. Isolated pages of other origins may frame it.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'cross-origin',
    },
    body,
  }
}

const fileOf = (name: string, body: string): HttpResponse => ({
  status: 200,
  headers: {
    ...sharedHeaders(body),
    'content-type': CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8',
    // A page of an allowed origin may load the elements and the host script from here.
    'cross-origin-resource-policy': 'cross-origin',
  },
  body,
})

/** Browsers must revalidate, so that an agent has the page of this release after an upgrade. */
const sharedHeaders = (body: string) => ({
  'cache-control': 'no-cache',
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
})

function isCached(request: HttpRequest, { headers }: HttpResponse): boolean {
  const tags = request.header('if-none-match').flatMap((value) => value.split(','))
  return tags.some((tag) => tag.trim().replace(/^W\//, '') === headers?.etag)
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
