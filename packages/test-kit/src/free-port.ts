import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Finds a free port below the ephemeral range, which begins at 32768 on Linux (RFC 6335, section 6: 49152). The system
 * could assign an ephemeral port to a connection before a server binds it, or while the server is stopped.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error('No free port was found in 100 attempts.')
}
