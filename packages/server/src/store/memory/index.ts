/** `@callgather/server/memory`: call logs that end with the process, for tests and demos. */
export * from '../store-api.ts'
export { type MemoryStoreOptions, memoryStore } from './memory-store.ts'
