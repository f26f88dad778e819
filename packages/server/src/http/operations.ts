/** Routes for operators: liveness, readiness and metrics. They reveal nothing about calls. */
import { errorTable } from '@callgather/protocol'
import type { Registry } from 'prom-client'
import { json } from '../edge/message.ts'
import type { Route } from './router.ts'

/** What `operationRoutes` needs: the metrics registry and the conditions of readiness. */
export interface OperationsParts {
  readonly registry: Registry
  /** Whether the server is shutting down. */
  readonly isLeaving: () => boolean
  /** Whether a public key of Telnyx is valid now. Without one, the server rejects every webhook. */
  readonly hasKeys: () => boolean
  /** Whether the store is writable. Metrics and clients report the same state. */
  readonly isStoreUp: () => Promise<boolean>
}

/** Routes: `/healthz` (the process is alive), `/readyz` (it can accept webhooks), `/metrics` (for Prometheus). */
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
