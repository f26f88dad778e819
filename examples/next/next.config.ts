import type { NextConfig } from 'next'

const config: NextConfig = {
  // Node's own packages stay as they are: its stores load native code.
  serverExternalPackages: ['@callgather/server'],
}

export default config
