/** Checks the types of the hooks. TypeScript compiles the test bodies, but no test runs them. */
import type {
  AIGather,
  CallSummary,
  CommandState,
  DigitGather,
  KeyEntry,
  MessageEntry,
  PlaybackEntry,
  SocketError,
  TelnyxError,
  TimelineEntry,
} from '@callgather/protocol'
import type { useQuery } from '@tanstack/react-query'
import { describe, expectTypeOf, it } from 'vitest'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { callQueryOptions } from '../query/call-query.ts'
import { useAssistant } from './use-assistant.ts'
import { useCall } from './use-call.ts'
import { useCallGather } from './use-call-gather.ts'
import { useCallTimeline } from './use-call-timeline.ts'
import { useCalls } from './use-calls.ts'
import { useCommand } from './use-command.ts'
import { useDtmf } from './use-dtmf.ts'
import { useTranscript } from './use-transcript.ts'

/** Registers code that is compiled to check its types, and never run, because hooks need a component. */
const compiled = (_: () => void) => {}

describe('types of the hooks', () => {
  it('the type of useCallGather narrows the gather of a call by status', () => {
    compiled(() => {
      const call = useCallGather('v3:a')
      switch (call.status) {
        case 'connecting':
        case 'idle':
          expectTypeOf(call.gather).toEqualTypeOf<null>()
          break
        case 'unavailable':
          expectTypeOf(call.error).toEqualTypeOf<SocketError>()
          break
        default:
          expectTypeOf(call.gather).toEqualTypeOf<DigitGather | AIGather>()
          if (call.gather.kind === 'digits')
            expectTypeOf(call.gather.rules?.maxDigits).toEqualTypeOf<number | undefined>()
      }
      // @ts-expect-error `start` takes only gather commands.
      call.start('gather_stop', {}).catch(() => {})
      // @ts-expect-error Telnyx requires a voice.
      call.start('gather_using_speak', { payload: 'Hello' }).catch(() => {})
      // @ts-expect-error The parameter is misspelt.
      call.start('gather', { maximum_digit: 4 }).catch(() => {})
    })
  })

  it('the types of the hooks declare all collections as arrays', () => {
    compiled(() => {
      expectTypeOf(useTranscript('v3:a').rows).toEqualTypeOf<readonly TimelineEntry[]>()
      expectTypeOf(useCalls().calls).toEqualTypeOf<readonly CallSummary[]>()
      expectTypeOf(useAssistant('v3:a').messages).toEqualTypeOf<readonly MessageEntry[]>()
      expectTypeOf(useDtmf('v3:a').strays).toEqualTypeOf<readonly KeyEntry[]>()
      const timeline = useCallTimeline('v3:a')
      expectTypeOf(timeline.entries).toEqualTypeOf<readonly TimelineEntry[]>()
      expectTypeOf(timeline.commands).toEqualTypeOf<readonly CommandState[]>()
      for (const { keys, plays } of timeline.gathers) {
        expectTypeOf(keys).toEqualTypeOf<readonly KeyEntry[]>()
        expectTypeOf(plays).toEqualTypeOf<readonly PlaybackEntry[]>()
      }
      for (const { messages } of timeline.conversations) expectTypeOf(messages).toEqualTypeOf<readonly MessageEntry[]>()
    })
  })

  it('the type of useCall infers the slice from the selector', () => {
    compiled(() => {
      expectTypeOf(useCall('v3:a', ({ state }) => state.keys.size)).toEqualTypeOf<number>()
      // @ts-expect-error A selector is required.
      useCall('v3:a')
    })
  })

  it('the type of useCommand derives the body from the command name, and the refusal from the status', () => {
    compiled(() => {
      const stop = useCommand('v3:a', 'gather_stop')
      expectTypeOf(stop.mutate).parameter(0).toExtend<{ command_id?: string | undefined }>()
      expectTypeOf(stop.mutate).returns.toEqualTypeOf<void>()
      expectTypeOf(stop.mutateAsync).returns.resolves.toEqualTypeOf<'accepted' | 'refused' | 'unknown'>()
      if (stop.status === 'accepted') expectTypeOf(stop.isOverdue).toEqualTypeOf<boolean>()
      if (stop.status === 'refused') expectTypeOf(stop.refusal).toExtend<TelnyxError>()
      else expectTypeOf(stop.refusal).toEqualTypeOf<null>()
      // @ts-expect-error The string is not the name of a command.
      useCommand('v3:a', 'gather_faster')
    })
  })

  it('`CallFeed` keeps its type through `useQuery` of TanStack Query', () => {
    compiled(() => {
      const options = callQueryOptions({} as GatherClient, 'v3:a')
      expectTypeOf<NonNullable<ReturnType<typeof useQuery<CallFeed>>['data']>>().toEqualTypeOf<CallFeed>()
      expectTypeOf(options.queryKey).toExtend<readonly ['callgather', string, 'call', string]>()
    })
  })
})
