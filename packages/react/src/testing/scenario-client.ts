/**
 * A client for tests and stories: the real one, on a server in memory that plays scenarios. Everything between the
 * wire and the screen is what runs in production; only the wire, the clock and Telnyx's answers are scripted.
 */
import {
  type CallEvent,
  type EventOf,
  type KnownEventType,
  type Scope,
  type SocketError,
  selectGather,
} from '@callgather/protocol'
import type { Scenario } from '@callgather/protocol/scenarios'
import { createClientWith, type GatherClient } from '../client/gather-client.ts'
import { answerRequest, CommandResponder, type ReceivedCommand, type Respond } from './command-responder.ts'
import { createEventFactory, type EventInit } from './event-factory.ts'
import { Player, SCENARIO_START_MS } from './player.ts'
import { ScenarioServer } from './scenario-server.ts'
import { VirtualClock } from './virtual-clock.ts'

/** How scenarios are played. */
export interface ScenarioClientOptions {
  /** Times the speed of life. Default 1. */
  speed?: number
  /** Begins to play at once. Default false. */
  autoplay?: boolean
  /** Decides what becomes of commands. By default all are accepted. */
  respond?: Respond
  /** What the ticket allows. Default everything. */
  scopes?: readonly Scope[]
}

/** What may go wrong on the way, on demand. */
export interface ScenarioFaults {
  /** Drops the connection; the client reconnects by itself. `error` is the server's word on it. */
  dropConnection(error?: SocketError): void
  /** The server cannot be reached from now on, or can again. */
  setUnreachable(unreachable: boolean): void
  /** The server's store is away from now on, or there again: it says so, and nothing new comes. */
  setDegraded(degraded: boolean): void
  /** Refuses every connection with this error from now on; `null` accepts them again. */
  refuseConnection(error: SocketError | null): void
  /** Refuses one call with this error from the next watch on; `null` allows it again. */
  refuseCall(callId: string, error: SocketError | null): void
  /** The next events get lost on their way; by default one. */
  loseEvents(count?: number): void
  /** Everything takes so long from now on, in milliseconds of the scenario's clock. */
  delay(millis: number): void
  /** The server's log of a call is replaced by its first `length` events, under a new epoch. */
  loseHistory(callId: string, length?: number): void
}

/** A client that plays scenarios, and the strings by which to pull it. */
export interface ScenarioClient extends GatherClient {
  /** Plays, pauses, steps; a store, for a control panel. */
  readonly player: Player
  readonly faults: ScenarioFaults
  /** Every command that was given, in order. */
  readonly commands: readonly ReceivedCommand[]
  /** The ids of the calls played. */
  readonly callIds: readonly string[]
  /** Makes an event happen now, on a call. */
  emit<Type extends KnownEventType>(callId: string, type: Type, init?: EventInit<Type>): EventOf<Type>
  /** Makes an event of any type happen, as it is. */
  append(callId: string, event: CallEvent): void
  /** The caller presses keys now; they belong to the gather that runs, if one does. */
  press(callId: string, keys: string): void
}

/** Makes a client that plays one scenario, or several at once: each is a call of its own. */
export function createScenarioClient(
  scenario: Scenario | readonly Scenario[],
  { speed = 1, autoplay = false, respond = () => 'accept', scopes = allScopes }: ScenarioClientOptions = {},
): ScenarioClient {
  const scenarios: readonly Scenario[] = 'steps' in scenario ? [scenario] : scenario
  const clock = new VirtualClock(SCENARIO_START_MS)
  const server = new ScenarioServer(clock)
  for (const { callId } of scenarios) server.addCall(callId, scopes)
  const events = createEventFactory(clock)
  const desk = new CommandResponder({ server, events, respond })
  const player = new Player(scenarios, { clock, server, speed })
  const client = createClientWith({
    transport: server,
    clock,
    getTicket: () => scenarioTicket,
    base: 'http://scenario.invalid/callgather',
    onWake: () => () => {},
    fetch: async (input, init) => {
      const answer = await answerRequest(new Request(input, init), (command) => desk.handle(command))
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
      setUnreachable: (unreachable) => server.setUnreachable(unreachable),
      setDegraded: (degraded) => server.setDegraded(degraded),
      refuseConnection: (error) => server.refuse(error),
      refuseCall: (callId, error) => server.refuseCall(callId, error),
      loseEvents: (count = 1) => server.lose(count),
      delay: (millis) => server.delay(millis),
      loseHistory: (callId, length = 0) => server.truncate(callId, length),
    },
    commands: desk.received,
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
        const listening = gather?.kind === 'digits' && gather.status === 'collecting'
        const digit = listening && gather.mask ? null : key
        const owner = listening ? { command_id: gather.id } : {}
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

/** A ticket as the server issues them, so that a refusal is final: it lasts longer than any scenario. */
const scenarioTicket = ['scenario', btoa(JSON.stringify({ sub: 'agent', exp: 4_102_444_800 })), 'ticket'].join('.')
