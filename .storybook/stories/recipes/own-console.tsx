import {
  CallScope,
  rowText,
  useAIGather,
  useCallGather,
  useCalls,
  useCollected,
  useConnection,
  useTranscript,
} from '@callgather/react'
import { useState } from 'react'

/** A console of your own: the hooks give data and commands, and every element is yours. */
export function OwnConsole() {
  const { calls } = useCalls()
  const { status } = useConnection()
  const [selected, setSelected] = useState<string | null>(null)
  const callId = selected ?? calls[0]?.callId
  return (
    <main>
      <p>Connection: {status}</p>
      <nav aria-label="Calls">
        {calls.map((call) => (
          <button
            key={call.callId}
            type="button"
            aria-pressed={call.callId === callId}
            onClick={() => setSelected(call.callId)}
          >
            {call.callerName ?? call.from}
          </button>
        ))}
      </nav>
      {callId && (
        <CallScope callId={callId}>
          <Request />
          <Fields />
          <Values />
          <Words />
        </CallScope>
      )}
    </main>
  )
}

const question = { payload: 'Your date of birth, please.', voice: 'female', maximum_digits: 8 }

function Request() {
  const call = useCallGather()
  if (call.status === 'collecting') {
    return (
      <section>
        <h2>{call.gather.label ?? 'Request'}</h2>
        <output>{call.digits || 'No key yet'}</output>
        <button type="button" onClick={() => void call.stop().catch(reportError)}>
          Stop
        </button>
      </section>
    )
  }
  return (
    <section>
      <h2>Ask the caller</h2>
      <button type="button" onClick={() => void call.start('gather_using_speak', question).catch(reportError)}>
        Date of birth
      </button>
    </section>
  )
}

function Fields() {
  const { fields } = useAIGather()
  return fields.map(({ name, label, value, status }) => (
    <p key={name}>
      {label}: {value === undefined || value === null ? status : String(value)}
    </p>
  ))
}

function Values() {
  const { items, copy } = useCollected()
  return (
    <section>
      <h2>Collected</h2>
      {items.map((item) => (
        <p key={item.id}>
          {item.label}: {item.mask ? 'hidden' : String(item.value)}{' '}
          {!item.mask && (
            <button type="button" onClick={() => void copy(item.id).catch(reportError)}>
              Copy {item.label}
            </button>
          )}
        </p>
      ))}
    </section>
  )
}

function Words() {
  const { rows } = useTranscript({ kinds })
  return (
    <ol aria-label="Conversation">
      {rows.slice(-5).map((row) => (
        <li key={row.id}>{rowText(row)}</li>
      ))}
    </ol>
  )
}

const kinds = ['message', 'speech'] as const
