/** The store port as hosts see it. The main entry and the entry of each engine export it. */
export {
  type Appended,
  type AppendOptions,
  type CallListing,
  type CallStage,
  type CallStore,
  type Duplicate,
  type ListOptions,
  type LogSlice,
  type NewEvent,
  type Revocation,
  type StoreChange,
  StoreUnavailable,
  type Unsubscribe,
  type WrittenSlice,
} from './call-store.ts'
