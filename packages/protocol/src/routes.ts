/** Where things are, below the server's base path. Commands keep Telnyx's own paths, so any Telnyx SDK can use them. */

/** Where the server is mounted unless it is told otherwise. */
export const DEFAULT_BASE_PATH = '/callgather'

/** The server's routes; `{}` stands for a call control id. */
export const routes = {
  webhooks: '/webhooks',
  socket: '/socket.io',
  calls: '/calls',
  call: (callId: string) => `/calls/${encodeURIComponent(callId)}`,
  events: (callId: string, after: number) => `/calls/${encodeURIComponent(callId)}/events?after=${after}`,
  exported: (callId: string, format: 'json' | 'csv' | 'vtt' | 'md') =>
    `/calls/${encodeURIComponent(callId)}/export?format=${format}`,
  command: (callId: string, command: string) => `/v2/calls/${encodeURIComponent(callId)}/actions/${command}`,
} as const

/**
 * The request header of a command by which an agent asks that a gather's input be hidden: `count`, `last4` or `none`.
 * It can only raise what the server's own policy says, never lower it. A header, because Telnyx's bodies are Telnyx's.
 */
export const SENSITIVE_HEADER = 'callgather-sensitive'
