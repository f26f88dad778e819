/** Exports the types of the store port, for the main entry and the entry of each store engine. */
export {
  type AppendOptions,
  type AppendResult,
  type CallListing,
  type CallStage,
  type CallStore,
  type Duplicate,
  type JsonLogSlice,
  type ListOptions,
  type LogSlice,
  type NewEvent,
  type Revocation,
  type StoreChange,
  StoreUnavailableError,
  type Unsubscribe,
} from './call-store.ts'
