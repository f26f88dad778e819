/**
 * Our mark in Telnyx's `client_state`, which every later webhook of the call leg echoes.
 *
 * It names the command of an event and its mask, also on another node or after a restart with an empty store. It is
 * signed and bound to its call, because clients may be allowed to set `client_state`. It never replaces a
 * `client_state` that the sender of a command set.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type CommandName, isCommandName, type Mask, readMask } from '@callgather/protocol'

/** The content of a mark. */
export interface Mark {
  readonly commandId: string
  readonly command: CommandName
  /** The mask of the command's input. Set when the input is sensitive. */
  readonly mask?: Mask | undefined
}

/** Writes and reads marks under one key. */
export interface MarkCodec {
  /** Returns a mark as a `client_state`, in base64. */
  write(callId: string, marker: Mark): string
  /**
   * Returns the mark in an echoed `client_state`; `null` if it is not ours, `unreadable` if it looks like ours but does not
   * verify: another version wrote it, another secret signed it, or it belongs to another call.
   */
  read(callId: string, clientState: unknown): Mark | 'unreadable' | null
}

const VERSION = 'cg1'
/** The prefix of our marks in every version. */
const PREFIX = '["cg'
const MAX_LENGTH = 2048

/** Creates a codec of marks. The key must be the same on every node and after every restart. */
export function createMarkCodec(key: Uint8Array): MarkCodec {
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
      if (typeof clientState !== 'string') return null
      const text = Buffer.from(clientState.slice(0, MAX_LENGTH), 'base64').toString('utf8')
      if (!text.startsWith(PREFIX)) return null
      const [version, commandId = '', command = '', mask = '', mac = ''] = parseFields(text) ?? []
      const given = Buffer.from(mac, 'base64url')
      const expected = sign(callId, [VERSION, commandId, command, mask])
      if (version !== VERSION || given.length !== expected.length || !timingSafeEqual(given, expected))
        return 'unreadable'
      if (!isCommandName(command)) return 'unreadable'
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
