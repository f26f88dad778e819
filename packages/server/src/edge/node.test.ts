import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { NodeRequest } from './node.ts'

const socket = new Socket()

function requestTo(url: string, rawHeaders: string[] = []): NodeRequest {
  const message = new IncomingMessage(socket)
  Object.assign(message, { url, method: 'POST', rawHeaders })
  return new NodeRequest(message, { basePath: '/callgather', addressOf: () => '192.0.2.1' })
}

it.each([
  ['/callgather', '/', ''],
  ['/callgather/calls?limit=5&after=a%20b', '/calls', 'limit=5&after=a+b'],
])('the path and query of %s are read below the base path', (url, path, query) => {
  const request = requestTo(url)
  expect([request.path, request.query.toString()]).toEqual([path, query])
})

it('a header is read in any case, with each of its values', () => {
  const request = requestTo('/callgather/', ['Telnyx-Timestamp', '1', 'X-Other', '2', 'telnyx-timestamp', '3'])
  expect(request.header('telnyx-timestamp')).toEqual(['1', '3'])
  expect(request.header('origin')).toEqual([])
})
