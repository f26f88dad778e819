/** The HTTP routes below the server's base path. Commands keep Telnyx's own paths, so any Telnyx SDK can send them. */

/** The default base path of the CallGather server. */
export const DEFAULT_BASE_PATH = '/callgather'

/** The HTTP routes that clients and operators need. */
export const routes = {
  wrapUp: (callId: string) => `/calls/${encodeURIComponent(callId)}/wrap-up`,
  webhooks: '/webhooks',
  socket: '/socket.io',
  command: (callId: string, command: string) => `/v2/calls/${encodeURIComponent(callId)}/actions/${command}`,
} as const

/** The maximum length of the note in a wrap-up, in characters. */
export const MAX_NOTE_LENGTH = 5000

/** The maximum length of the id of a disposition, in characters. */
export const MAX_DISPOSITION_LENGTH = 128

/**
 * The request header with the label of a gather, such as `Account number`, for all agents who see the call. At most
 * `MAX_LABEL_LENGTH` characters, percent-encoded.
 */
export const LABEL_HEADER = 'callgather-label'

/** The maximum length of a gather's label, in characters. */
export const MAX_LABEL_LENGTH = 60

/**
 * The request header that masks a gather's input: `all`, `digits` or `allButLast4`. It can only make the server's mask
 * policy stricter. It is a header because the body holds only Telnyx's parameters.
 */
export const MASK_HEADER = 'callgather-mask'

/** The request header with the client's `PROTOCOL_VERSION`. The server refuses a mismatch, but not a missing header. */
export const PROTOCOL_HEADER = 'callgather-protocol'

/** The request header that makes a gather command stop the running gather first: `true` or `false` (default). */
export const REPLACE_HEADER = 'callgather-replace'
