/** The store port as hosts see it. The main entry and the entry of each engine export it. */
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
