/** Routes for operators: liveness, readiness and metrics. They reveal nothing about calls. */
import { errorTable } from '@callgather/protocol'
import type { Registry } from 'prom-client'
import { json } from '../edge/message.ts'
import type { Route } from './router.ts'

/** What readiness depends on. */
export interface OperationsParts {
  readonly registry: Registry
  /** Whether the server is going away. */
  readonly isLeaving: () => boolean
  /** Whether a public key of Telnyx counts now: else every webhook is refused. */
  readonly hasKeys: () => boolean
  /** Whether the store takes appends, as the metrics and the agents' screens say too. */
  readonly isStoreUp: () => Promise<boolean>
}

/** `/healthz`: the process answers. `/readyz`: it can take webhooks. `/metrics`: for Prometheus. */
export function operationRoutes({ registry, isLeaving, hasKeys, isStoreUp }: OperationsParts): Route[] {
  return [
    { method: 'GET', pattern: '/healthz', handler: async () => json(200, { status: 'ok' }) },
    {
      method: 'GET',
      pattern: '/readyz',
      handler: async () => {
        if (isLeaving()) return json(errorTable.unavailable.status, { status: 'leaving' })
        if (!hasKeys()) return json(errorTable.unavailable.status, { status: 'no public key in force' })
        if (!(await isStoreUp())) return json(errorTable.unavailable.status, { status: 'store unavailable' })
        return json(200, { status: 'ready' })
      },
    },
    {
      method: 'GET',
      pattern: '/metrics',
      handler: async () => ({
        status: 200,
        headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
        body: await registry.metrics(),
      }),
    },
  ]
}
