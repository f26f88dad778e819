import { AskCaller, CallScope, Collected, CurrentGather } from '@callgather/react'

/**
 * With `@import "@callgather/react/styles.css" layer(callgather)` between Tailwind's reset and its utilities, your classes
 * win. A variable is a utility too: `[--cg-radius:1rem]`.
 */
export function TailwindCards({ callId }: { readonly callId: string }) {
  return (
    <CallScope callId={callId}>
      <main className="mx-auto grid max-w-4xl items-start gap-4 p-4 [--cg-accent:var(--color-emerald-600)] [--cg-radius:1rem] md:grid-cols-2">
        <h2 className="text-2xl font-semibold tracking-tight md:col-span-2">Agent desk</h2>
        <div className="rounded-2xl shadow-lg">
          <CurrentGather />
        </div>
        <div className="grid gap-4">
          <AskCaller />
          <Collected />
        </div>
      </main>
    </CallScope>
  )
}
