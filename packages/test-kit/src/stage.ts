/**
 * Runs servers that share a store in separate processes, behind a fault proxy. Delivers webhooks with retries as Telnyx
 * does, for tests that kill servers and cut connections during calls.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallRecord } from '@callgather/protocol'
import { FaultProxy } from './fault-proxy.ts'
import { type RunningProgram, startProgram } from './program.ts'
import { Signer, webhookOf } from './telnyx.ts'

/** The log of a call on a server. */
export interface ServerLog {
  readonly epoch: string
  readonly records: readonly CallRecord[]
}

/** The ticket secret of the stage's servers. */
export const STAGE_SECRET = 'a secret of at least thirty-two bytes'

/** The parts of the server package that a stage needs. */
export interface StageOptions {
  /** Path of the server's command-line program. */
  readonly program: string
  /** Issues a ticket signed with `STAGE_SECRET`. */
  issueTicket(request: { subject: string; calls: string[]; scopes: ['view'] }): Promise<string>
  /** Default 1. */
  readonly servers?: number
}

/** Servers, proxy and signer of a test; `await using` stops them. */
export class Stage {
  readonly signer = new Signer()
  readonly proxy: FaultProxy
  servers: RunningProgram[]
  readonly #environment: Record<string, string>
  readonly #options: StageOptions

  private constructor(store: string, line: FaultProxy, options: StageOptions) {
    this.proxy = line
    this.#options = options
    this.servers = []
    this.#environment = {
      PORT: '0',
      LOG_LEVEL: 'error',
      TELNYX_API_KEY: 'KEY-test',
      TELNYX_PUBLIC_KEY: this.signer.publicKey,
      TELNYX_BASE_URL: 'http://127.0.0.1:9/v2',
      CALLGATHER_TICKET_SECRET: STAGE_SECRET,
      CALLGATHER_STORE: store,
    }
  }

  static async open(store: string, options: StageOptions): Promise<Stage> {
    const stage = new Stage(store, await FaultProxy.listen(9), options)
    for (let count = 0; count < (options.servers ?? 1); count++) await stage.start()
    stage.#leadTo(stage.servers[0])
    return stage
  }

  async start(): Promise<RunningProgram> {
    const server = await startProgram(this.#options.program, this.#environment)
    this.servers.push(server)
    return server
  }

  /** Ends the first server and starts a replacement. */
  async replace(signal: NodeJS.Signals): Promise<void> {
    await this.servers.shift()?.end(signal)
    this.#leadTo(await this.start())
  }

  /** Points the proxy to the second server and kills the first. */
  async failOver(): Promise<void> {
    this.#leadTo(this.servers[1])
    await this.servers.shift()?.end('SIGKILL')
  }

  /** Returns the signed webhook of a key. */
  signKey(callId: string, id: string, digit = '1') {
    return this.signer.sign(webhookOf('call.dtmf.received', { call_control_id: callId, digit }, { id }))
  }

  /** Delivers a key to a random running server, and retries until one returns 200. */
  async deliver(callId: string, id: string, digit?: string): Promise<void> {
    for (const until = Date.now() + 60_000; Date.now() < until; ) {
      const { headers, body } = this.signKey(callId, id, digit)
      const server = this.servers[Math.floor(Math.random() * this.servers.length)]
      const options = { method: 'POST', headers, body: new Uint8Array(body), signal: AbortSignal.timeout(3000) }
      const answer = server ? await fetch(server.ready.webhooks, options).catch(() => null) : null
      await answer?.arrayBuffer().catch(() => null)
      if (answer?.status === 200) return
      await sleep(100)
    }
    throw new Error(`No server accepted the webhook ${id} within 60 seconds.`)
  }

  /** Issues a ticket that can view a call. */
  ticketFor(callId: string): Promise<string> {
    const subject = `agent of ${callId}`.slice(0, 128)
    return this.#options.issueTicket({ subject, calls: [callId], scopes: ['view'] })
  }

  /** Reads the whole log of a call over HTTP. */
  async logOf(callId: string): Promise<ServerLog> {
    const headers = { authorization: `Bearer ${await this.ticketFor(callId)}` }
    const url = `${this.servers[0]?.ready.url}/calls/${encodeURIComponent(callId)}/events`
    const records: CallRecord[] = []
    for (;;) {
      const answer = await fetch(`${url}?after=${records.length}`, { headers })
      if (answer.status !== 200)
        throw new Error(`Reading the log of ${callId} failed with HTTP status ${answer.status}.`)
      const { data, meta } = (await answer.json()) as { data: CallRecord[]; meta: { epoch: string } }
      if (data.length === 0) return { epoch: meta.epoch, records }
      records.push(...data)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.close()
    await Promise.all(this.servers.map((server) => server.end('SIGKILL')))
  }

  #leadTo(server: RunningProgram | undefined): void {
    if (!server) throw new Error('The stage has no such server. Start it first.')
    this.proxy.setTarget(Number(new URL(server.ready.url).port))
  }
}
