/** Helpers for tests and stories: the real client on a scripted server, event factories and HTTP handlers. */
export * from '@callgather/protocol/scenarios'
export type { AgentSession, FeedCache } from '../client/agent-session.ts'
export type { ClientErrorCode, ConnectionError } from '../client/client-error.ts'
export type { Clock } from '../client/clock.ts'
export type { AcceptedCommand, CommandOptions, SaveWrapUp, SendCommand, WrapUpInput } from '../client/commands.ts'
export type { ConnectionState, ConnectionStore } from '../client/connection.ts'
export type { CallFeed, CallsFeed, FeedNotice, SyncStatus } from '../client/feed.ts'
export type { CloseOptions, GatherClient, WatchCallsOptions, WatchOptions } from '../client/gather-client.ts'
export type { Store } from '../client/store.ts'
export type { CommandAnswer, ReceivedCommand, Respond } from './command-responder.ts'
export { createEventFactory, type EventFactory, type EventInit } from './event-factory.ts'
export type { Player, PlayerState } from './player.ts'
export { CallReplay, type CallReplayProps } from './replay/call-replay.tsx'
export { OpenExport, type OpenExportProps } from './replay/open-export.tsx'
export { simulatorScript } from './replay/simulator-script.ts'
export { type PastedFile, vitestFile } from './replay/vitest-file.ts'
export {
  createScenarioClient,
  type ScenarioClient,
  type ScenarioClientOptions,
  type ScenarioFaults,
} from './scenario-client.ts'
export { type LoadedScenario, loadScenario, type ScenarioParameters, withScenario } from './storybook.tsx'
