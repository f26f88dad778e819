/** Where things are, below the server's base path. Commands keep Telnyx's own paths, so any Telnyx SDK can use them. */

/** The default path that the server is mounted at. */
export const DEFAULT_BASE_PATH = '/callgather'

/** The routes that clients and operators need. */
export const routes = {
  webhooks: '/webhooks',
  socket: '/socket.io',
  command: (callId: string, command: string) => `/v2/calls/${encodeURIComponent(callId)}/actions/${command}`,
} as const

/**
 * The request header of a command that masks a gather's input: `all`, `digits` or `allButLast4`. It can make the server's
 * own policy stricter, never laxer. A header, because the body is Telnyx's.
 */
export const MASK_HEADER = 'callgather-mask'

/** The request header of a command with the client's `PROTOCOL_VERSION`. A mismatch is refused; Telnyx SDKs send none. */
export const PROTOCOL_HEADER = 'callgather-protocol'

/** The request header of a gather command that stops the gather that is running first: `true`. */
export const REPLACE_HEADER = 'callgather-replace'
