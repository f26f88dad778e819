/**
 * Measures the websocket bytes of a conversation at the client: forwarded Telnyx webhooks, which carry the whole history,
 * against our frames, which carry only the new messages.
 */
import { atLeast, type Effort, type Goal, type Report } from './harness.ts'
import { arrived, Lab, watch } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'

const limits = { 10: 4, 100: 15, 1000: 110 } as const

/** P10. */
export async function transcript({ size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const load = await lab.load()
  const watcher = await lab.watchers()
  const peer = await lab.server({ name: 'forwarding', peer: 'emit' })
  const ours = await lab.server({ name: 'CallGather', store: 'memory' })
  const rows: (string | number)[][] = []
  const goals: Goal[] = []
  for (const messages of size < 0.1 ? ([10] as const) : ([10, 100, 1_000] as const)) {
    const name = `talk-${messages}`
    await load.ask('prepare', { name, kind: 'conversation', calls: 1, count: messages, keys: lab.keys })
    const bytes: number[] = []
    for (const server of [peer, ours]) {
      await load.ask('send', { ...server.address, name, connections: 1, from: 0, count: 1 })
      await watch({ watcher, server }, [callIdOf(name, 0)], 1)
      await load.ask('send', { ...server.address, name, connections: 1, from: 1, count: messages })
      bytes.push((await arrived({ watcher, server }, messages)).bytes)
      await watcher.ask('close')
    }
    const [forwarded = 0, own = 1] = bytes
    rows.push([messages.toLocaleString('en'), forwarded / 1000, own / 1000, forwarded / own, own / messages])
    goals.push(
      atLeast('P10', `times fewer bytes than forwarding, ${messages} messages`, limits[messages], forwarded / own),
    )
  }
  const head = ['messages', 'forwarded kB', 'ours kB', 'forwarded / ours', 'ours, bytes a message']
  return { tables: [{ caption: 'Messages of 120 characters, one more with each webhook', head, rows }], goals }
}
