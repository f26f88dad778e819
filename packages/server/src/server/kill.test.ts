/**
 * Kills a server under load at seeded moments and checks that its log has every webhook that it answered with 200.
 *
 * Two kills with every `npm test`; the figure in docs/guarantees.md was made with:
 *
 *     CALLGATHER_KILLS=50 pnpm exec vitest run --project node packages/server/src/server/kill.test.ts
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@callgather/test-kit/random'
import { describe, expect, it } from 'vitest'
import type { Running } from '../testing/program.ts'
import { openStage } from '../testing/stage.ts'

const KILLS = Number(process.env.CALLGATHER_KILLS ?? 2)

describe('kill -9', () => {
  it(
    `keeps every acknowledged webhook across ${KILLS} kills under load`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'callgather-kill-'))
      const chance = seededRandom(KILLS)
      const callId = `v3:${randomUUID()}-kill`
      const acknowledged = new Set<string>()
      let posted = 0
      const stage = await openStage(`file:${join(folder, 'calls.db')}`)
      for (let kill = 0; kill < KILLS; kill++) {
        const server = stage.servers[0] as Running
        // Even on a busy machine, the first server must acknowledge a webhook before it is killed.
        const begun = async () => {
          while (kill === 0 && acknowledged.size === 0) await sleep(5)
        }
        const killed = begun()
          .then(() => sleep(chance() * 300))
          .then(() => server.end('SIGKILL'))
        let over = false
        const ended = killed.finally(() => {
          over = true
        })
        ended.catch(() => {})
        const load = Array.from({ length: 8 }, async () => {
          while (!over) {
            const id = `k${posted++}`
            const { headers, body } = stage.signKey(callId, id)
            const options = { method: 'POST', headers, body: new Uint8Array(body) }
            const answer = await fetch(server.ready.webhooks, options).catch(() => null)
            if (answer?.status === 200) acknowledged.add(id)
          }
        })
        await Promise.all([killed, ...load])
        stage.servers.shift()
        await stage.start()
      }
      const { records } = await stage.logOf(callId)
      await stage[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
      expect(records.map(({ seq }) => seq)).toEqual(records.map((_, position) => position + 1))
      const held = new Set(records.map(({ event }) => event.id))
      expect(held.size).toBe(records.length)
      expect([...acknowledged].filter((id) => !held.has(id))).toEqual([])
      expect(acknowledged.size).toBeGreaterThan(0)
      console.info(`kill -9: ${KILLS} kills, ${posted} posted, ${acknowledged.size} acknowledged, 0 missing`)
    },
    KILLS * 8_000 + 30_000,
  )
})
