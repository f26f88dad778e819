/**
 * Servers on one store as processes of their own, a line to one of them, and a Telnyx that tries until it hears 200:
 * what a test needs that kills servers and cuts lines under calls in progress.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallRecord } from '@callgather/protocol'
import { FaultProxy } from './fault-proxy.ts'
import { type RunningProgram, startProgram } from './program.ts'
import { Signer, webhookOf } from './telnyx.ts'

/** A call's log, as a server has it. */
export interface ServerLog {
  readonly epoch: string
  readonly records: readonly CallRecord[]
}

/** The secret of the tickets that the servers of a stage take. */
export const STAGE_SECRET = 'a secret of at least thirty-two bytes'

/** What a stage needs of the server package. */
export interface StageOptions {
  /** The file of the ready server. */
  readonly program: string
  /** Issues a ticket by `STAGE_SECRET`. */
  issueTicket(request: { subject: string; calls: string[]; scopes: ['view'] }): Promise<string>
  /** Default 1. */
  readonly servers?: number
}

/** The stage; `await using` takes it down. */
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

  /** Ends the first server and puts another in its place. */
  async replace(signal: NodeJS.Signals): Promise<void> {
    await this.servers.shift()?.end(signal)
    this.#leadTo(await this.start())
  }

  /** Leads the line to the second server, and kills the first. */
  async failOver(): Promise<void> {
    this.#leadTo(this.servers[1])
    await this.servers.shift()?.end('SIGKILL')
  }

  /** A key's webhook, signed. */
  signKey(callId: string, id: string, digit = '1') {
    return this.signer.sign(webhookOf('call.dtmf.received', { call_control_id: callId, digit }, { id }))
  }

  /** Delivers a key as Telnyx does, to whichever server there is, until one has said 200. */
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
    throw new Error(`${id} was never taken.`)
  }

  /** A ticket to look at a call. */
  ticketFor(callId: string): Promise<string> {
    const subject = `agent of ${callId}`.slice(0, 128)
    return this.#options.issueTicket({ subject, calls: [callId], scopes: ['view'] })
  }

  /** The whole log of a call, by HTTP, page by page. */
  async logOf(callId: string): Promise<ServerLog> {
    const headers = { authorization: `Bearer ${await this.ticketFor(callId)}` }
    const url = `${this.servers[0]?.ready.url}/calls/${encodeURIComponent(callId)}/events`
    const records: CallRecord[] = []
    for (;;) {
      const answer = await fetch(`${url}?after=${records.length}`, { headers })
      if (answer.status !== 200) throw new Error(`The log of ${callId} was answered ${answer.status}.`)
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
    if (!server) throw new Error('There is no such server on the stage.')
    this.proxy.setTarget(Number(new URL(server.ready.url).port))
  }
}
