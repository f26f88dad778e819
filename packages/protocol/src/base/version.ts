import { GatherError } from './errors.ts'

/**
 * The version of the socket protocol. Raise it when an older client or server would misread a message. A test compares
 * the schemas with the committed `wire.schema.json`, so that no change of the protocol goes unnoticed.
 */
export const PROTOCOL_VERSION = 4

/** Whether the client or the server must be updated; `null` when their versions match. */
export type VersionMismatch = 'client_too_old' | 'server_too_old' | null

/**
 * Checks a client's protocol version. Call it before parsing anything else from a connection, so that an outdated page
 * gets a clear error instead of a misread frame.
 */
export function checkProtocolVersion(clientVersion: unknown): VersionMismatch {
  if (typeof clientVersion !== 'number' || !Number.isInteger(clientVersion)) return 'client_too_old'
  if (clientVersion < PROTOCOL_VERSION) return 'client_too_old'
  if (clientVersion > PROTOCOL_VERSION) return 'server_too_old'
  return null
}

/** Returns the error for a client with another protocol version. It says whether to update the client or the server. */
export function versionError(mismatch: Exclude<VersionMismatch, null>): GatherError {
  const remedy = mismatch === 'client_too_old' ? 'Reload the page, or update' : 'Update the server for'
  const detail = `The client and the server speak different protocol versions. ${remedy} @callgather/react.`
  return new GatherError(426, [{ code: '10015', title: mismatch, detail }])
}
