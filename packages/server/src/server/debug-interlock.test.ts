import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDebugged, refuseDebugSwitches } from './debug-interlock.ts'

const require = createRequire(createRequire(import.meta.url).resolve('socket.io'))
const debug = require('debug') as { enable(value: string): void; disable(): string; enabled(name: string): boolean }

describe('the debug interlock', () => {
  it.each(['s*', 'e*', 'en*,w*', '*', 'socket.io:*', '-x *', 'x engine', '*:ws', 'socket.io-parser'])(
    'the server refuses to start with DEBUG=%s',
    (DEBUG) => {
      expect(() => refuseDebugSwitches({ DEBUG })).toThrow('DEBUG')
    },
  )

  it.each(['', 'express:*', '*,-s*,-e*,-w*', 'my-engine', 'sockets'])('the server starts with DEBUG=%s', (DEBUG) => {
    expect(() => refuseDebugSwitches({ DEBUG })).not.toThrow()
  })

  it.each(['*', 'h*', 'HTTP', 'fs,net'])('the server refuses to start with NODE_DEBUG=%s', (NODE_DEBUG) => {
    expect(() => refuseDebugSwitches({ NODE_DEBUG })).toThrow('NODE_DEBUG')
  })

  it('the debug interlock matches DEBUG patterns as the package `debug` does', () => {
    const piece = fc.constantFrom('engine', 'socket.io', ':', '*', '-', ',', ' ', 'ws', '.', 's', 'client')
    const value = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const name = fc.constantFrom('engine', 'engine:ws', 'socket.io:client', 'socket.io-parser', 'ws')
    fc.assert(
      fc.property(value, name, (pattern, each) => {
        debug.enable(pattern)
        const expected = debug.enabled(each)
        debug.disable()
        expect(isDebugged(each, pattern)).toBe(expected)
      }),
      { numRuns: process.env.CALLGATHER_LONG ? 20_000 : 500 },
    )
  })
})
