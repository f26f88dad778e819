/**
 * Our mark in Telnyx's `client_state`, which every later webhook of the call leg echoes.
 *
 * It says which command an event belongs to, also on another node and after a restart with an empty store, and how
 * much of its input may be shown. It is signed, and bound to its call, because whoever may send commands may write a
 * `client_state` of their own. It is set only where the command's sender set none: theirs is never touched.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type CommandName, isCommandName, type Mask, readMask } from '@callgather/protocol'

/** What the mark says. */
export interface Marker {
  readonly commandId: string
  readonly command: CommandName
  /** Set when the input is sensitive. */
  readonly mask?: Mask | undefined
}

/** Writes and reads marks under one key. */
export interface MarkerCodec {
  /** The mark as a `client_state`: base64. */
  write(callId: string, marker: Marker): string
  /** The mark in an echoed `client_state`; `null` when it is not ours, not whole, or of another call. */
  read(callId: string, clientState: unknown): Marker | null
}

const VERSION = 'cg1'
const LONGEST = 1024

/** Makes the codec of one key, which must be the same on every node and after every restart. */
export function markerCodec(key: Uint8Array): MarkerCodec {
  const sign = (callId: string, fields: readonly string[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([callId, ...fields]))
      .digest()
      .subarray(0, 16)

  return {
    write(callId, { commandId, command, mask }) {
      const fields = [VERSION, commandId, command, mask ?? '']
      return Buffer.from(JSON.stringify([...fields, sign(callId, fields).toString('base64url')])).toString('base64')
    },
    read(callId, clientState) {
      if (typeof clientState !== 'string' || clientState.length > LONGEST) return null
      const text = Buffer.from(clientState, 'base64').toString('utf8')
      if (!text.startsWith(`["${VERSION}",`)) return null
      const parsed = parseFields(text)
      if (!parsed) return null
      const [, commandId = '', command = '', mask = '', mac = ''] = parsed
      const given = Buffer.from(mac, 'base64url')
      const expected = sign(callId, [VERSION, commandId, command, mask])
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
      if (!isCommandName(command)) return null
      return { commandId, command, ...(mask === '' ? {} : { mask: readMask(mask) }) }
    },
  }
}

function parseFields(text: string): string[] | null {
  try {
    const parsed: unknown = JSON.parse(text)
    const whole = Array.isArray(parsed) && parsed.length === 5 && parsed.every((each) => typeof each === 'string')
    return whole ? (parsed as string[]) : null
  } catch {
    return null
  }
}
