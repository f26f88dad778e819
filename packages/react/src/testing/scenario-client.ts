/**
 * The scenario client: the real client on an in-memory server that plays scenarios, for tests and stories. Only the
 * transport, the clock and Telnyx's answers are scripted.
 */
import {
  type CallEvent,
  type EventOf,
  type KnownEventType,
  type Scope,
  type SocketError,
  selectGather,
  type TemplateOffer,
} from '@callgather/protocol'
import type { Scenario } from '@callgather/protocol/scenarios'
import { createClientWith, type GatherClient } from '../client/gather-client.ts'
import { answerRequest, CommandResponder, type ReceivedCommand, type Respond, readWrapUp } from './command-responder.ts'
import { createEventFactory, type EventInit } from './event-factory.ts'
import { Player, SCENARIO_START_MS } from './player.ts'
import { ScenarioServer } from './scenario-server.ts'
import { VirtualClock } from './virtual-clock.ts'

/** The options of `createScenarioClient`. */
export interface ScenarioClientOptions {
  /** The playback speed as a multiple of real time. Default 1. */
  speed?: number
  /** Whether the scenario starts to play at once. Default false. */
  autoplay?: boolean
  /** Returns the answer to each command. Default `accept`. */
  respond?: Respond
  /** The scopes of the agent's ticket. Default: all scopes. */
  scopes?: readonly Scope[]
  /** The templates that the server offers to agents. Default: none. */
  templates?: readonly TemplateOffer[]
}

/** Injects faults of the network and the server into a scenario client. */
export interface ScenarioFaults {
  /** Drops the connection, with the server's `error` if given. The client reconnects by itself. */
  dropConnection(error?: SocketError): void
  /** Sets whether the server is unreachable. */
  setUnreachable(isUnreachable: boolean): void
  /** Sets whether the server reports that it cannot reach its store. */
  setDegraded(isDegraded: boolean): void
  /** Refuses all connections with this error; `null` accepts connections again. */
  refuseConnection(error: SocketError | null): void
  /** Refuses new subscriptions to a call with this error; `null` allows them again. */
  refuseCall(callId: string, error: SocketError | null): void
  /** Drops the next `count` event frames on their way to the client. Default 1. */
  loseEvents(count?: number): void
  /** Delays all messages of the server by `delayMs` milliseconds of the scenario's clock. */
  delay(delayMs: number): void
  /** Truncates the server's log of a call to its first `length` events, under a new epoch. Default 0. */
  loseHistory(callId: string, length?: number): void
}

/** A client that plays scenarios, with controls for tests. */
export interface ScenarioClient extends GatherClient {
  /** Controls the playback of the scenarios. The player's state is a store. */
  readonly player: Player
  readonly faults: ScenarioFaults
  /** All commands that the client sent, in order. */
  readonly commands: readonly ReceivedCommand[]
  /** The ids of the scenarios' calls. */
  readonly callIds: readonly string[]
  /** Creates an event and appends it to a call's log at once. */
  emit<Type extends KnownEventType>(callId: string, type: Type, init?: EventInit<Type>): EventOf<Type>
  /** Appends an event of any type to a call's log, unchanged. */
  append(callId: string, event: CallEvent): void
  /** Presses keys as the caller. The keys belong to the running gather, if there is one. */
  press(callId: string, keys: string): void
}

/** Creates a client that plays one or several scenarios at once. Each scenario is a separate call. */
export function createScenarioClient(
  scenario: Scenario | readonly Scenario[],
  { speed = 1, autoplay = false, respond = () => 'accept', scopes = allScopes, templates }: ScenarioClientOptions = {},
): ScenarioClient {
  const scenarios: readonly Scenario[] = 'steps' in scenario ? [scenario] : scenario
  const clock = new VirtualClock(SCENARIO_START_MS)
  const server = new ScenarioServer(clock, templates)
  for (const { callId } of scenarios) server.addCall(callId, scopes)
  const events = createEventFactory(clock)
  const responder = new CommandResponder({ server, events, respond })
  const player = new Player(scenarios, { clock, server, speed })
  const client = createClientWith({
    transport: server,
    clock,
    getTicket: () => scenarioTicket,
    base: 'http://scenario.invalid/callgather',
    onWake: () => () => {},
    fetch: async (input, init) => {
      const wrapUp = await readWrapUp(new Request(input, init))
      if (wrapUp) {
        server.append(wrapUp.callId, events.event('call.wrapped_up', { payload: wrapUp.payload }))
        return Response.json({ data: { result: 'ok' } })
      }
      const answer = await answerRequest(new Request(input, init), (command) => responder.handle(command))
      if (answer === 'offline') throw new TypeError('Failed to fetch')
      return Response.json(answer.body, { status: answer.status })
    },
  })
  if (autoplay) player.play()

  return {
    ...client,
    player,
    faults: {
      dropConnection: (error) => server.drop(error ?? null),
      setUnreachable: (isUnreachable) => server.setUnreachable(isUnreachable),
      setDegraded: (isDegraded) => server.setDegraded(isDegraded),
      refuseConnection: (error) => server.refuse(error),
      refuseCall: (callId, error) => server.refuseCall(callId, error),
      loseEvents: (count = 1) => server.lose(count),
      delay: (delayMs) => server.delay(delayMs),
      loseHistory: (callId, length = 0) => server.truncate(callId, length),
    },
    commands: responder.received,
    callIds: scenarios.map(({ callId }) => callId),
    emit: (callId, type, init) => {
      const event = events.event(type, init)
      server.append(callId, event)
      return event
    },
    append: (callId, event) => server.append(callId, event),
    press: (callId, keys) => {
      for (const key of keys) {
        const gather = selectGather(server.stateOf(callId))
        const isCollecting = gather?.kind === 'digits' && gather.status === 'collecting'
        const digit = isCollecting && gather.mask ? null : key
        const owner = isCollecting ? { command_id: gather.id } : {}
        server.append(callId, events.event('call.dtmf.received', { ...owner, payload: { digit } }))
      }
    },
    close: () => {
      player.pause()
      client.close()
    },
  }
}

const allScopes: readonly Scope[] = ['view', 'gather', 'assistant']

/** A ticket with a distant expiry, so that the client treats a refusal as final. */
const scenarioTicket = ['scenario', btoa(JSON.stringify({ sub: 'agent', exp: 4_102_444_800 })), 'ticket'].join('.')
