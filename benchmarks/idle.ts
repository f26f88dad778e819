/**
 * Whether the machine is idle: between rounds, while every contender waits, a fixed amount of work must take the same
 * time. The work runs on two threads, so that it sees both cores.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { promisify } from 'node:util'

/** How much the time of the fixed work may differ between rounds. */
export const MAX_SPREAD = 0.15

const SIGNATURES = 200
const ATTEMPTS = 5

const { privateKey } = generateKeyPairSync('ed25519')
const message = Buffer.alloc(1_000)
const signOnce = promisify(sign) as (algorithm: null, data: Buffer, key: typeof privateKey) => Promise<Buffer>

let floors: number[] = []

/** Times the fixed work, in ms: the shortest of several attempts. */
export async function measureFloor(): Promise<void> {
  const attempts: number[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const began = performance.now()
    const thread = async () => {
      for (let nth = 0; nth < SIGNATURES; nth++) await signOnce(null, message, privateKey)
    }
    await Promise.all([thread(), thread()])
    attempts.push(performance.now() - began)
  }
  floors.push(Math.min(...attempts))
}

/** Returns how much the floors since the last call differ: 0.15 is 15 %. */
export function takeSpread(): number {
  const taken = floors
  floors = []
  return taken.length < 2 ? 0 : Math.max(...taken) / Math.min(...taken) - 1
}
