import {
  assistantWhisper,
  type ExportedCall,
  hiddenPin,
  readExportedCall,
  refusedCommand,
  type Scenario,
} from '@callgather/protocol/scenarios'
import { transform } from 'esbuild'
import { describe, expect, it } from 'vitest'
import sample from './sample-export.json'
import { simulatorScript } from './simulator-script.ts'
import { vitestFile } from './vitest-file.ts'

const exported = ({ callId, steps }: Scenario): ExportedCall => ({ callId, events: steps.map(({ event }) => event) })

describe('a copied simulator script', () => {
  it.each([
    ['masked keys', hiddenPin, '// Left out 6 times: a masked key.'],
    ['the end of a masked request', hiddenPin, '// Left out: how this request ended, because the keys are masked.'],
    [
      'a refused command',
      refusedCommand,
      '// Left out: the command gather_using_speak, because Telnyx refused it: 90018',
    ],
  ])('says that it leaves out %s', (_, scenario, line) => {
    expect(simulatorScript(exported(scenario)).text).toContain(line)
  })

  it('leaves out masked words and foreign events, and says so', () => {
    const foreign = { id: 'x', event_type: 'call.enqueued', occurred_at: '2026-11-22T10:42:00.000000Z', payload: {} }
    const { text } = simulatorScript({ callId: 'a', events: [...exported(assistantWhisper).events, foreign] })
    expect(text).toContain('// Left out: call.enqueued, because it comes from another program.')
    const demo = simulatorScript(readExportedCall(JSON.stringify(sample))).text
    expect(demo).toContain('words of the caller, because they are masked')
    expect(demo).not.toMatch(/caller\.say\("•/)
  })
})

describe.each([
  ['test', vitestFile, 'tsx'],
  ['simulator script', simulatorScript, 'js'],
] as const)('a copied %s', (_, write, loader) => {
  it('does not run text of the export as code', async () => {
    const hostile = `*/\`\${globalThis.bad()}\`\n\u2028globalThis.bad() //"'</script>`
    const events = exported(assistantWhisper).events.map((event) =>
      JSON.parse(JSON.stringify(event), (key, value) =>
        ['content', 'id', 'command_id', 'from', 'reason', 'subject'].includes(key) && typeof value === 'string'
          ? `${value}${hostile}`
          : value,
      ),
    )
    const foreign = {
      id: 'x',
      event_type: `call.new${hostile}`,
      occurred_at: '2026-11-22T10:42:00.000000Z',
      payload: {},
    }
    const { text } = write({ callId: hostile, events: [...events, foreign] })
    const { code } = await transform(text, { loader, minify: true, format: 'esm' })
    // Outside of string literals, no word of the hostile text is left.
    const program = code.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs, '""')
    expect(program).not.toContain('bad')
    expect(text).toContain('globalThis.bad()')
  })
})
