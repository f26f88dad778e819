/** `@callgather/server/redis`: call logs in Redis, for several servers. Needs the package `redis`. */
export * from '../store-api.ts'
export { type RedisStoreOptions, redisStore } from './redis-store.ts'
