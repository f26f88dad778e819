/** Serves the console's pages from the build folder. */
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Sends the file of a path, or 404 for an unknown path. */
export async function servePage(folder: string, path: string, response: ServerResponse): Promise<void> {
  const file = normalize(join(folder, path === '/' ? 'index.html' : decodeURIComponent(path)))
  try {
    if (!file.startsWith(folder + sep)) throw new Error('The path is outside the folder.')
    const body = await readFile(file)
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      // Asset names contain a content hash, so only the page needs revalidation.
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
    response.end(body)
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    response.end('Not found\n')
  }
}
