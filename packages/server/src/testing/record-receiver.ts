/** A receiver of call records, for tests: it verifies each record with the library of Standard Webhooks. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CallDetailRecord } from '@callgather/protocol'
import { Webhook } from 'standardwebhooks'

/** Signing secrets. */
export const RECORD_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
export const NEXT_RECORD_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`

/** The CloudEvent that delivers a record. */
export interface ReceivedRecord {
  readonly id: string
  readonly time: string
  readonly subject: string
  readonly revision: number
  readonly data: CallDetailRecord
}

/** Starts a receiver. `answer` decides the response of each request; default 204. */
export async function recordReceiver(
  answer: (response: ServerResponse, nth: number) => void = (response) => void response.writeHead(204).end(),
) {
  /** The bodies of all requests, in order. */
  const bodies: string[] = []
  /** What an idempotent receiver keeps: the first record of each id. */
  const records = new Map<string, ReceivedRecord>()
  const faults: string[] = []
  const receiver = { answer, secret: RECORD_SECRET, bodies, records, faults, open: 0, mostOpen: 0 }
  const server = createServer((request, response) => {
    receiver.open += 1
    receiver.mostOpen = Math.max(receiver.mostOpen, receiver.open)
    response.once('close', () => {
      receiver.open -= 1
    })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      try {
        const headers = request.headers as Record<string, string>
        new Webhook(receiver.secret).verify(body, {
          ...headers,
          'webhook-timestamp': headers['webhook-timestamp'] ?? '',
        })
        const record = JSON.parse(body) as ReceivedRecord
        if (record.id !== request.headers['webhook-id']) faults.push('The ids differ.')
        bodies.push(body)
        receiver.answer(response, bodies.length)
        if (response.statusCode < 300 && !records.has(record.id)) records.set(record.id, record)
      } catch (error) {
        faults.push(String(error))
        response.writeHead(400).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(receiver, {
    port,
    url: `http://127.0.0.1:${port}/records`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
