/** Reports the download sizes that size-limit measures on the built React package. kB are 1,000 bytes. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { atMost, type Report } from './harness.ts'

/** P11, in size. */
export async function bundle(): Promise<Report> {
  const command = ['--filter', '@callgather/react', 'exec', 'size-limit', '--json']
  const { stdout } = await promisify(execFile)('pnpm', command).catch(readAnyway)
  const sizes = new Map<string, number>()
  for (const { name, size } of JSON.parse(stdout) as { name: string; size: number }[]) {
    if (name.endsWith(' (gzip)')) sizes.set(name.replace(' (gzip)', ''), size / 1000)
  }
  const kilobytes = (name: string) => sizes.get(name) ?? Number.NaN
  return {
    tables: [{ caption: 'What a page downloads, without React', head: ['import', 'gzip kB'], rows: [...sizes] }],
    goals: [
      atMost('P11', 'all hooks with socket.io-client and react-query, gzip kB', 38, kilobytes('all hooks')),
      atMost(
        'P11',
        'everything with the stylesheet, gzip kB',
        85,
        kilobytes('everything') + kilobytes('the stylesheet'),
      ),
    ],
  }
}

/** size-limit fails if a limit is exceeded, and prints the sizes all the same. */
function readAnyway(error: Error & { stdout?: string }): { stdout: string } {
  if (!error.stdout?.startsWith('[')) throw error
  return { stdout: error.stdout }
}
