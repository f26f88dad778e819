/** CallGather inside this application: Telnyx's webhooks, commands of its own, and tickets for its agents. */
import { createGatherServer, type GatherServer } from '@callgather/server'
import { redisStore } from '@callgather/server/redis'

const needed = (name: string) => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set. Set it in the environment or in .env.local.`)
  return value
}

// Creates one server per process on first use, because a build has no secrets and `next dev` reloads modules.
const kept = globalThis as { gather?: GatherServer }

export function gather(): GatherServer {
  kept.gather ??= createGatherServer({
    telnyx: {
      apiKey: needed('TELNYX_API_KEY'),
      publicKey: needed('TELNYX_PUBLIC_KEY'),
      ...(process.env.TELNYX_BASE_URL ? { baseUrl: process.env.TELNYX_BASE_URL } : {}),
    },
    store: redisStore({ url: needed('REDIS_URL') }),
    tickets: { secret: needed('CALLGATHER_TICKET_SECRET') },
  })
  return kept.gather
}
