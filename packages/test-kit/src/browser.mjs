// Finds Chromium and its arguments for browser tests. Plain JavaScript, because the launcher imports it.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Chromium without its user interface: pages load twice as fast, but it has no back/forward cache. */
const headlessNames = ['chromium-headless-shell']
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * Returns `CHROMIUM_PATH`, else a Chromium on PATH, else undefined (Playwright uses its own).
 *
 * @param {{ isWhole?: boolean }} options `isWhole`: only a Chromium with its user interface.
 */
export function findBrowser({ isWhole = false } = {}) {
  const wanted = process.env.CHROMIUM_PATH
  if (wanted) {
    if (!existsSync(wanted))
      throw new Error(`CHROMIUM_PATH names ${wanted}, which does not exist. Set it to an installed Chromium.`)
    return wanted
  }
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of isWhole ? names : [...headlessNames, ...names]) {
      const path = join(directory, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Try the next directory.
      }
    }
  }
  return undefined
}

/** Disables background requests and resolves only local host names. */
export const browserArgs = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
]
