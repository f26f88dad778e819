/** Bundles the pages: on the first request when the package runs from source, or into `dist/pages` in a build. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Esbuild from 'esbuild'

export const pageNames = ['phone', 'events'] as const
export type PageName = (typeof pageNames)[number]

const titles: Record<PageName, string> = { phone: 'Phone', events: 'Events' }

/** Returns the HTML document of a page, which loads its script and style sheet. */
export function documentOf(name: PageName): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'">
<title>${titles[name]} · CallGather simulator</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<link rel="stylesheet" href="/pages/${name}.css">
<script type="module" src="/pages/${name}.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. Without JavaScript, use the HTTP API under /_sim.</noscript>
</body>
</html>
`
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#3b5bdb"/><circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="3"/><circle cx="16" cy="16" r="3.6" fill="#fff"/></svg>`

/** The scripts include Preact, whose licence requires this notice. */
const notice = '/*! Contains Preact 11, https://preactjs.com. Copyright (c) 2015-present Jason Miller. MIT License. */'

/** Bundles the script and style sheet of a page. */
export function bundlePage(name: PageName, sources: string, minify = false): { js: string; css: string } {
  const outputs = esbuild().buildSync({
    entryPoints: { [name]: join(sources, name, 'main.tsx') },
    bundle: true,
    write: false,
    outdir: '/pages',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    banner: { js: notice },
    logLevel: 'silent',
    minify,
  }).outputFiles
  const ending = (extension: string) => outputs.find(({ path }) => path.endsWith(extension))?.text ?? ''
  return { js: ending('.js'), css: ending('.css') }
}

/** Writes all page bundles to `directory`. */
export function writePages(sources: string, directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const name of pageNames) {
    for (const [extension, text] of Object.entries(bundlePage(name, sources, true)))
      writeFileSync(join(directory, `${name}.${extension}`), text)
  }
}

/** Loads esbuild on demand, because an installed package has built pages and no esbuild. */
function esbuild(): typeof Esbuild {
  try {
    const loaded: typeof Esbuild = createRequire(import.meta.url)('esbuild')
    return loaded
  } catch (error) {
    throw new Error('Cannot bundle the pages: esbuild is not installed. Run the build of @callgather/simulator.', {
      cause: error,
    })
  }
}
