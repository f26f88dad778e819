/** Reads a call's whole log from its file and parses it, in a process that has done nothing before. */
import { sqliteStore } from '@callgather/server'
import { serve } from './serve.ts'

export const abilities = {
  read: async ({ path, callId }: { path: string; callId: string }) => {
    const store = sqliteStore({ path })
    const began = performance.now()
    const slice = await store.read(callId, 0)
    const millis = performance.now() - began
    await store.close()
    return { millis, events: slice?.records.length ?? 0 }
  },
}
serve(abilities)
