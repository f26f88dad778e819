/**
 * What an agent's browser is sent for a conversation: Telnyx's webhooks passed on as they are, each with the whole
 * history, against our frames, each with what was said since. Bytes of the websocket messages, counted at the client.
 */
import { run } from './contenders.ts'
import { atLeast, type Goal, type Report } from './harness.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Crowd } from './parts/crowd.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'

const limits = { 10: 6, 100: 35, 1000: 320 } as const

/** Runs the benchmark. */
export async function transcript(): Promise<Report> {
  const keys = makeKeys()
  const load = await start<typeof Load>('load.ts')
  const crowd = await start<typeof Crowd>('crowd.ts')
  const server = await run({ name: 'CallGather', make: { callgather: 'memory' } }, keys.publicKey)
  const peer = await run({ name: 'forwarding', make: { peer: 'socket.io' } }, keys.publicKey)
  const rows: (string | number)[][] = []
  const goals: Goal[] = []
  for (const messages of [10, 100, 1_000] as const) {
    const name = `talk-${messages}`
    await load.ask('prepare', { name, kind: 'conversation', calls: 1, count: messages, keys })
    const bytes: number[] = []
    for (const each of [peer, server]) {
      const target = { name, ...each.address, connections: 1 }
      await load.ask('send', { ...target, from: 0, count: 1 })
      await crowd.ask('connect', await each.crowd(callIdOf(name, 0), 1))
      await load.ask('send', { ...target, from: 1, count: messages })
      const got = await crowd.ask('wait', messages)
      if (got < messages) throw new Error(`${each.name}: ${got} of ${messages} frames came.`)
      bytes.push((await crowd.ask('received')).bytes)
      await crowd.ask('close')
    }
    const [forwarded = 0, ours = 1] = bytes
    rows.push([messages.toLocaleString('en'), forwarded / 1000, ours / 1000, forwarded / ours, ours / messages])
    const says = `times fewer bytes than forwarding, ${messages} messages`
    goals.push(atLeast('G11', says, limits[messages], forwarded / ours))
  }
  for (const part of [load, crowd, server, peer]) await part.stop()
  return {
    tables: [{ head: ['messages', 'forwarded kB', 'ours kB', 'forwarded / ours', 'ours, bytes a message'], rows }],
    goals,
    notes: ['Messages of 120 characters, one more with each webhook; no compression on either side.'],
    packages: ['socket.io'],
  }
}
