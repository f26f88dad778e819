/** Where CallGather keeps things in the host's QueryClient. */
export const gatherKeys = {
  /** Everything of CallGather. */
  all: ['callgather'],
  /** One call. */
  call: (callId: string) => ['callgather', 'call', callId] as const,
  /** The list of calls. */
  calls: () => ['callgather', 'calls'] as const,
} as const
