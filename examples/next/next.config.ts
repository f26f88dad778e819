import type { NextConfig } from 'next'

const config: NextConfig = {
  // Do not bundle the server, because its stores load native code.
  serverExternalPackages: ['@callgather/server'],
}

export default config
