/** The environment in which a program reaches the simulator at `https://api.telnyx.com`. */
import { basename } from 'node:path'

/** What can be redirected, and how. */
export type Runtime = 'node' | 'python' | 'curl' | 'other'

const runtimes: readonly [RegExp, Runtime][] = [
  [/^(node|npm|npx|pnpm|yarn|tsx|ts-node|nodemon|next)$/, 'node'],
  [/^(python[\d.]*|uvicorn|gunicorn|flask|fastapi|hypercorn|poetry|uv|pipenv)$/, 'python'],
  [/^curl$/, 'curl'],
]

/** The runtime of a command, by the name of its program. */
export function runtimeOf(command: string): Runtime {
  const name = basename(command).replace(/\.(exe|cmd)$/i, '')
  return runtimes.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
}

interface EnvironmentOptions {
  readonly runtime: Runtime
  readonly tlsPort: number
  readonly proxyPort: number
  readonly reportPort: number
  /** The file that is preloaded into Node.js. */
  readonly preload: string
  /** A file with our certificate, and one with the public authorities too. */
  readonly certFile: string
  readonly bundleFile: string
  readonly publicKey: string
  /** The environment of the simulator itself. */
  readonly inherited: NodeJS.ProcessEnv
}

/** The variables to set; what the program's own environment says about a key is kept. */
export function environmentOf(options: EnvironmentOptions): Record<string, string> {
  const { runtime, tlsPort, proxyPort, reportPort, preload, certFile, bundleFile, publicKey, inherited } = options
  const proxy = `http://127.0.0.1:${proxyPort}`
  const own = 'localhost,127.0.0.1,::1'
  return {
    TELNYX_API_KEY: inherited.TELNYX_API_KEY || 'KEY_OF_THE_SIMULATOR',
    TELNYX_PUBLIC_KEY: publicKey,
    NODE_OPTIONS: [inherited.NODE_OPTIONS, `--require ${JSON.stringify(preload)}`].filter(Boolean).join(' '),
    NODE_EXTRA_CA_CERTS: certFile,
    CALLGATHER_RUN_TLS_PORT: String(tlsPort),
    CALLGATHER_RUN_REPORT_PORT: String(reportPort),
    // Some HTTP clients for Node.js use a proxy wrongly, and none needs it after the preload.
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
