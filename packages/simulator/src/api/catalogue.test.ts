/** Compares the table of endpoints with the registered endpoints, the official SDK, the log and RULES.md. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Telnyx from 'telnyx'
import { Actions } from 'telnyx/resources/calls/actions'
import { expect, it } from 'vitest'
import { Exchange } from '../call/exchange.ts'
import { createChance } from '../clock/chance.ts'
import { virtualClock } from '../clock/clock.ts'
import { resolveSettings } from '../settings/settings.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'
import { catalogue } from './catalogue.ts'
import { createEndpoints } from './telnyx-api.ts'

const endpointsOf = (...depths: string[]) =>
  catalogue.filter(({ depth }) => depths.includes(depth)).flatMap(({ endpoints }) => endpoints)
const simulated = endpointsOf('full', 'partial')
const unsimulated = endpointsOf('none')

it('the catalogue lists each registered endpoint as simulated, and no other endpoint', () => {
  const exchange = new Exchange({
    clock: virtualClock(),
    chance: createChance('seed'),
    settings: resolveSettings({}),
  } as never)
  const registered = Object.keys(
    createEndpoints({ exchange, courier: {} as never, messages: {} as never, publicKey: '' }),
  )
  // To fix a difference: move the endpoint to an entry of `catalogue.ts` with the right depth.
  expect(registered.map((route) => route.replace(' /v2', ' ')).sort()).toEqual([...simulated].sort())
})

it('the catalogue lists no endpoint twice', () => {
  const all = [...simulated, ...unsimulated]
  expect(all.filter((endpoint, index) => all.indexOf(endpoint) !== index)).toEqual([])
})

it('the catalogue lists every method of calls.actions of the official Telnyx SDK', async () => {
  const requests: string[] = []
  const client = new Telnyx({
    apiKey: 'KEY',
    fetch: async (url, init) => {
      requests.push(`${init?.method?.toUpperCase()} ${new URL(String(url)).pathname.replace('/v2', '')}`)
      return Response.json({})
    },
  })
  const methods = Object.getOwnPropertyNames(Actions.prototype).filter((name) => name !== 'constructor')
  expect(methods).toHaveLength(41)
  for (const name of methods)
    await (client.calls.actions as unknown as Record<string, (id: string, body: object) => unknown>)[name]?.(':id', {})
  const ofCalls = [...simulated, ...unsimulated].filter((endpoint) => endpoint.includes(' /calls/:id/actions/'))
  expect(requests.sort()).toEqual(ofCalls.sort())
})

it('responds with 404 to each endpoint that is not simulated, and the log says that Telnyx has it', async () => {
  await using test = await testSimulator()
  const notices: string[] = []
  test.sim.watch((activity) => activity.type === 'notice' && notices.push(activity.text), ['notice'])
  for (const endpoint of unsimulated) {
    const [method, path = ''] = endpoint.split(' ')
    const response = await test.sim.fetch(`${test.sim.url}${path.replaceAll(':id', 'x')}`, {
      method: method ?? '',
      headers: { authorization: 'Bearer KEY' },
    })
    expect(response.status, endpoint).toBe(404)
    const name = endpoint.replace('POST /calls/:id/actions/', '')
    expect(notices.splice(0), endpoint).toEqual([`${name}: exists at Telnyx, not simulated`])
  }
})

/** Formats endpoints with the methods of each path, and the names of all actions of a path, in one place. */
function format(endpoints: readonly string[]): string {
  const groups = new Map<string, string[]>()
  for (const endpoint of endpoints) {
    const [method = '', path = ''] = endpoint.replaceAll(':id', '{id}').split(' ')
    const [, parent, name] = /^(.*\/actions)\/(.*)$/.exec(path) ?? []
    const [key, value] = parent && name ? [`${method} ${parent}`, `\`${name}\``] : [path, method]
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  return Array.from(groups, ([key, values]) =>
    key.startsWith('/') ? `\`${values.join(', ')} ${key}\`` : `\`${key}/…\` ${values.join(' ')}`,
  ).join('<br>')
}

it('RULES.md lists every endpoint of the catalogue with its depth', async () => {
  const rows = catalogue.map(({ endpoints, depth, note }) => `| ${format(endpoints)} | ${depth} | ${note} |\n`)
  const path = fileURLToPath(new URL('../../RULES.md', import.meta.url))
  const head = '| Endpoints under `/v2` | Depth | |\n| --- | --- | --- |\n'
  const [before, after = ''] = readFileSync(path, 'utf8').split(head)
  const rest = after.replace(/^(\|.*\n)*/, '')
  // `vitest run -u` writes the table into RULES.md.
  await expect(`${before}${head}${rows.join('')}${rest}`).toMatchFileSnapshot(path)
})
