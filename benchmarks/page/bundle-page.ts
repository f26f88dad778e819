/** Bundles a page of a benchmark from the sources, and opens Chromium. */
import { fileURLToPath } from 'node:url'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { build } from 'esbuild'
import { chromium } from 'playwright'

/** Returns the script and the stylesheet of an entry in this folder. */
export async function bundlePage(file: string): Promise<{ readonly js: string; readonly css: string }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    outdir: 'page',
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    minify: true,
    conditions: ['callgather:source', 'production'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  return { js: textOf('.js'), css: textOf('.css') }
}

export const launchBrowser = () => {
  const executablePath = findBrowser()
  return chromium.launch({ args: [...browserArgs], ...(executablePath ? { executablePath } : {}) })
}
