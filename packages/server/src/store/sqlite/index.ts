/** `@callgather/server/sqlite`: call logs in one file, for one server. Needs the package `libsql`. */
export * from '../store-api.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
