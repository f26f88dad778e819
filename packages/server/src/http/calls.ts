/** The HTTP routes of calls: list, read, export and erase. */
import { exportFormats, exportMediaTypes, gatherError, selectCallSummary } from '@callgather/protocol'
import pLimit from 'p-limit'
import { type Access, unknownCallError } from '../access/access.ts'
import type { SubjectRates } from '../access/subject-rates.ts'
import type { Grant } from '../access/tickets.ts'
import type { CallCache } from '../calls/call-cache.ts'
import type { CallDirectory } from '../calls/call-directory.ts'
import { exportCall } from '../calls/export-call.ts'
import { bearerToken, type HttpRequest, json } from '../edge/message.ts'
import type { CallStore } from '../store/call-store.ts'
import type { Route } from './router.ts'

const MAX_PAGE = 1000
const MAX_CONCURRENT_EXPORTS = 2
const MAX_WAITING_EXPORTS = 100

/** Returns the HTTP routes below `/calls`. */
export function callRoutes(parts: {
  access: Access
  cache: CallCache
  store: CallStore
  directory: CallDirectory
  rates: SubjectRates
  forget: (callId: string, subject: string) => Promise<boolean>
  /** Sends a dead-lettered record again. Returns false if the call has none. */
  requeue: (callId: string, subject: string) => Promise<boolean>
}): Route[] {
  const { access, cache, store, directory, rates, forget, requeue } = parts
  const exports = pLimit(MAX_CONCURRENT_EXPORTS)

  /** Authenticates a request, counts it against its subject's rate, and returns the grant. */
  const admitted = async (request: HttpRequest, kind: 'reads' | 'exports' | 'erasures'): Promise<Grant> => {
    const grant = await access.authenticate(bearerToken(request))
    rates.take(kind, grant.subject)
    return grant
  }

  /** Authenticates a request, checks that its subject may view the call, and returns the grant. */
  const seen = async (request: HttpRequest, callId: string, kind: 'reads' | 'exports' | 'erasures' = 'reads') => {
    const grant = await admitted(request, kind)
    if (await access.isAllowed(grant, { callId, scope: 'view' })) return grant
    rates.take('denied', grant.subject)
    throw unknownCallError()
  }

  /** Like `seen`, for operations that need every scope, not only `view`. */
  const permitted = async (request: HttpRequest, callId: string, what: string): Promise<Grant> => {
    const grant = await seen(request, callId, 'erasures')
    const may = await Promise.all(
      (['gather', 'assistant'] as const).map((scope) => access.isAllowed(grant, { callId, scope })),
    )
    if (may.includes(false)) throw gatherError('forbidden', `${what} needs the scopes view, gather and assistant.`)
    return grant
  }

  return [
    {
      method: 'GET',
      pattern: '/calls',
      handler: async (request) => {
        const grant = await admitted(request, 'reads')
        const { calls, isTruncated } = await directory.listFor(grant)
        return json(200, { data: calls, ...(isTruncated ? { meta: { truncated: true } } : {}) })
      },
    },
    {
      method: 'GET',
      pattern: '/calls/:call_id',
      handler: async (request, { call_id: callId = '' }) => {
        await seen(request, callId)
        const { cursor, state } = await cache.open(callId)
        if (!cursor) throw unknownCallError()
        return json(200, { data: { ...selectCallSummary(state), cursor } })
      },
    },
    {
      method: 'GET',
      pattern: '/calls/:call_id/events',
      handler: async (request, { call_id: callId = '' }) => {
        await seen(request, callId)
        const after = numberOf(request.query.get('after'), 0)
        const limit = Math.min(numberOf(request.query.get('limit'), MAX_PAGE), MAX_PAGE)
        const slice = await store.read(callId, after, limit)
        if (!slice) throw unknownCallError()
        return json(200, { data: slice.records, meta: { epoch: slice.epoch } })
      },
    },
    {
      method: 'GET',
      pattern: '/calls/:call_id/export',
      handler: async (request, { call_id: callId = '' }) => {
        await seen(request, callId, 'exports')
        const asked = request.query.get('format') ?? 'json'
        const format = exportFormats.find((each) => each === asked)
        if (!format) throw gatherError('unknownParameter', `\`format\` must be one of: ${exportFormats.join(', ')}.`)
        const read = (after: number, limit: number) => store.read(callId, after, limit)
        if (exports.pendingCount >= MAX_WAITING_EXPORTS) {
          throw gatherError('unavailable', 'Too many exports wait. Try again in a moment.')
        }
        const text = await exports(() => exportCall(callId, { read }, format))
        if (text === null) throw unknownCallError()
        const headers = {
          'content-type': `${exportMediaTypes[format]}; charset=utf-8`,
          'content-disposition': `attachment; filename="call.${format}"`,
          'cache-control': 'no-store',
        }
        return { status: 200, headers, body: text }
      },
    },
    {
      method: 'DELETE',
      pattern: '/calls/:call_id',
      handler: async (request, { call_id: callId = '' }) => {
        const grant = await permitted(request, callId, 'Erasing a call')
        if (!(await forget(callId, grant.subject))) throw unknownCallError()
        return { status: 204 }
      },
    },
    {
      method: 'POST',
      pattern: '/calls/:call_id/record/retry',
      handler: async (request, { call_id: callId = '' }) => {
        const grant = await permitted(request, callId, 'Sending a record again')
        if (await requeue(callId, grant.subject)) return json(202, { data: { result: 'ok' } })
        throw gatherError('conflict', 'The record of this call is not dead-lettered.')
      },
    },
  ]
}

function numberOf(text: string | null, fallback: number): number {
  if (text === null) return fallback
  if (!/^\d{1,10}$/.test(text)) throw gatherError('unknownParameter', '`after` and `limit` must be whole numbers.')
  return Number(text)
}
