import { GatherError } from './errors.ts'

/**
 * The version of everything that crosses the socket. Raised when an older peer would misread a frame; a test holds
 * the committed `wire.schema.json` to the schemas, so the wire cannot change without this number being looked at.
 */
export const PROTOCOL_VERSION = 4

/** Which side must be updated; `null` when the versions match. */
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

/** The refusal of a client whose version does not match the server's: it names the side that must be updated. */
export function versionError(mismatch: Exclude<VersionMismatch, null>): GatherError {
  const remedy = mismatch === 'client_too_old' ? 'Reload the page, or update' : 'Update the server for'
  const detail = `The client and the server speak different protocol versions. ${remedy} @callgather/react.`
  return new GatherError(426, [{ code: '10015', title: mismatch, detail }])
}
