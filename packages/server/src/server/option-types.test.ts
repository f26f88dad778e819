/** Option types are structural, so that a host may use another version of these packages, or none. */
import { type Logger as PinoLogger, pino } from 'pino'
import type Telnyx from 'telnyx'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Logger } from '../base/logger.ts'
import { testServer } from '../testing/server.ts'
import type { GatherServerOptions } from './gather-server.ts'

describe('the types of server options', () => {
  it('accepts a pino logger with standard or custom levels as the `logger` option', () => {
    expectTypeOf<PinoLogger>().toExtend<Logger>()
    expectTypeOf(pino({ customLevels: { audit: 35 } })).toExtend<Logger>()
  })

  it('accepts an instance of the official Telnyx SDK client as the `telnyx.client` option', () => {
    expectTypeOf<Telnyx>().toExtend<NonNullable<GatherServerOptions['telnyx']['client']>>()
  })

  it('calls the host’s logger with fields and a message', async () => {
    const lines: unknown[][] = []
    const write = (...line: unknown[]) => void lines.push(line)
    await using server = await testServer({ logger: { debug: write, info: write, warn: write, error: write } })
    await server.post({ headers: {}, body: Buffer.from('{}') })
    expect(lines).toContainEqual([expect.any(Object), 'webhook refused: not verified'])
  })
})
