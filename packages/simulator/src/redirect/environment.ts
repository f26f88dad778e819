/** The environment variables that redirect a program from `https://api.telnyx.com` to the simulator. */
import { basename, delimiter } from 'node:path'

/** The runtime of a program. It decides how the program is redirected. */
export type Runtime = 'node' | 'python' | 'curl' | 'other'

const runtimes: readonly [RegExp, Runtime][] = [
  [/^(node|npm|npx|pnpm|yarn|tsx|ts-node|nodemon|next)$/, 'node'],
  [/^(python[\d.]*|uvicorn|gunicorn|flask|fastapi|hypercorn|poetry|uv|pipenv)$/, 'python'],
  [/^curl$/, 'curl'],
]

/** Detects the runtime of a command from its program name. */
export function runtimeOf(command: string): Runtime {
  const name = basename(command).replace(/\.(exe|cmd)$/i, '')
  return runtimes.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
}

interface EnvironmentOptions {
  readonly runtime: Runtime
  readonly tlsPort: number
  readonly proxyPort: number
  readonly reportPort: number
  /** Path of the script that Node.js preloads: `preload.cjs`. */
  readonly nodePreload: string
  /** Path of the folder whose `sitecustomize.py` Python imports at its start. */
  readonly pythonFolder: string
  /** `certFile` has the simulator's certificate; `bundleFile` also has the public root certificates. */
  readonly certFile: string
  readonly bundleFile: string
  readonly publicKey: string
  /** The environment variables of the simulator's own process. */
  readonly inherited: NodeJS.ProcessEnv
}

/** Returns the variables to set for the program. Keeps an existing `TELNYX_API_KEY`, `NODE_OPTIONS` and `PYTHONPATH`. */
export function environmentOf(options: EnvironmentOptions): Record<string, string> {
  const { runtime, tlsPort, proxyPort, reportPort, certFile, bundleFile, publicKey, inherited } = options
  const proxy = `http://127.0.0.1:${proxyPort}`
  const own = 'localhost,127.0.0.1,::1'
  return {
    TELNYX_API_KEY: inherited.TELNYX_API_KEY || 'KEY_OF_THE_SIMULATOR',
    TELNYX_PUBLIC_KEY: publicKey,
    NODE_OPTIONS: [inherited.NODE_OPTIONS, `--require ${JSON.stringify(options.nodePreload)}`]
      .filter(Boolean)
      .join(' '),
    NODE_EXTRA_CA_CERTS: certFile,
    PYTHONPATH: [options.pythonFolder, inherited.PYTHONPATH].filter(Boolean).join(delimiter),
    CALLGATHER_RUN_TLS_PORT: String(tlsPort),
    CALLGATHER_RUN_REPORT_PORT: String(reportPort),
    // Node.js needs no proxy, because `preload.cjs` redirects it, and some of its HTTP clients mishandle a proxy.
    ...(runtime === 'node'
      ? {}
      : {
          HTTPS_PROXY: proxy,
          https_proxy: proxy,
          NO_PROXY: own,
          no_proxy: own,
          REQUESTS_CA_BUNDLE: bundleFile,
          SSL_CERT_FILE: bundleFile,
          CURL_CA_BUNDLE: bundleFile,
        }),
  }
}
