/** Every benchmark there is, with what it answers and how long it takes. */
import { bundle } from './bundle.ts'
import { timeToUse } from './console.ts'
import { cores } from './cores.ts'
import { fanout } from './fanout.ts'
import { fold } from './fold.ts'
import { growth } from './growth.ts'
import type { Effort, Report } from './harness.ts'
import { ingest } from './ingest.ts'
import { nodes } from './nodes.ts'
import { react } from './react.ts'
import { relay } from './relay.ts'
import { resume } from './resume.ts'
import { scaling } from './scaling.ts'
import { soak } from './soak.ts'
import { stores } from './stores.ts'
import { transcript } from './transcript.ts'
import { verify } from './verify.ts'

export interface Benchmark {
  readonly about: string
  readonly run: (effort: Effort & { readonly minutes: number }) => Report | Promise<Report>
  /** Seconds on a quiet machine of two cores: once, and for each round. For the estimate alone. */
  readonly fixed: number
  readonly perRound: number
  /** Not among those that run by default. */
  readonly onlyByName?: boolean
}

export const benchmarks: Readonly<Record<string, Benchmark>> = {
  verify: { about: 'signatures alone, against `crypto.verify` and the SDK', run: verify, fixed: 4, perRound: 3 },
  stores: { about: 'durable appends alone, against one commit for each', run: stores, fixed: 5, perRound: 8 },
  ingest: {
    about: 'signed webhooks a second on one core, by store and verifier',
    run: ingest,
    fixed: 60,
    perRound: 30,
  },
  cores: { about: 'what a second core is worth', run: cores, fixed: 15, perRound: 10 },
  relay: { about: 'from arrival to the agent’s state, against bare websockets', run: relay, fixed: 20, perRound: 16 },
  fanout: { about: 'one event to 1,000 watchers; memory of an idle one', run: fanout, fixed: 60, perRound: 12 },
  nodes: { about: 'two servers on one Redis, against the redis-streams adapter', run: nodes, fixed: 20, perRound: 16 },
  resume: { about: 'coming back to a long call, and the first watch of it', run: resume, fixed: 10, perRound: 8 },
  transcript: { about: 'bytes of a conversation, against forwarding it', run: transcript, fixed: 30, perRound: 0 },
  growth: {
    about: 'cost of an event as calls and agents grow; memory given back',
    run: growth,
    fixed: 50,
    perRound: 5,
  },
  scaling: { about: 'what one more call, event and agent cost on Redis', run: scaling, fixed: 60, perRound: 5 },
  react: { about: 'commits, renders and heap of the components, in Chromium', run: react, fixed: 10, perRound: 25 },
  console: { about: 'time until the console can be used, in Chromium', run: timeToUse, fixed: 40, perRound: 8 },
  bundle: { about: 'what a browser downloads', run: bundle, fixed: 10, perRound: 0 },
  fold: { about: 'the fold as a call grows to 100,000 events', run: fold, fixed: 15, perRound: 8 },
  soak: {
    about: 'a long shift: flat memory and delay, right screens',
    run: ({ minutes }) => soak(minutes),
    fixed: 0,
    perRound: 0,
    onlyByName: true,
  },
}
