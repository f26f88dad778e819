/** Every benchmark, with the goals it measures. */
import { bundle } from './bundle.ts'
import { fanout } from './fanout.ts'
import { firstKey } from './first-key.ts'
import { growth } from './growth.ts'
import type { Effort, Report } from './harness.ts'
import { cores, ingest } from './ingest.ts'
import { nodes } from './nodes.ts'
import { relay } from './relay.ts'
import { replay } from './replay.ts'
import { retention } from './retention.ts'
import { screen } from './screen.ts'
import { soak } from './soak.ts'
import { transcript } from './transcript.ts'

export interface Benchmark {
  readonly about: string
  readonly run: (effort: Effort) => Promise<Report>
}

export const benchmarks: Readonly<Record<string, Benchmark>> = {
  ingest: { about: 'P1, P2, P3: durable webhooks on one core, against servers that keep nothing', run: ingest },
  relay: { about: 'P4, P5, P6: from arrival to the agent’s state; garbage collection', run: relay },
  cores: { about: 'P7: what a second core is worth', run: cores },
  nodes: { about: 'P8: two servers on one Redis, against the redis-streams adapter', run: nodes },
  fanout: { about: 'P9, P13: one event to 100 and 1,000 watchers; memory of an idle watcher', run: fanout },
  transcript: { about: 'P10: bytes of a conversation, against forwarding the webhooks', run: transcript },
  bundle: { about: 'P11: what a browser downloads, by size-limit', run: bundle },
  'first-key': { about: 'P11: from navigation to the first key, custom element against React', run: firstKey },
  screen: { about: 'P12: long transcripts, 200 live calls and a hidden tab, in Chromium', run: screen },
  growth: { about: 'P13: cost of an event as a call, the calls and their list grow', run: growth },
  replay: { about: 'P13: a seek in the replay of a call of 10,000 events', run: replay },
  retention: { about: 'P13: pauses while 100,000 calls are listed, stripped of speech and erased', run: retention },
  soak: { about: 'P14: a long shift: flat memory and delay, right screens (only if named)', run: soak },
}
