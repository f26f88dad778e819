/** @jsxImportSource preact */
/** The details of a row of the event log: body, response and delivery attempts. */
import { useState } from 'preact/hooks'
import { timeOfDay } from '../format.ts'
import { IconButton } from '../frame.tsx'
import { Close, Copy } from '../icons.tsx'
import type { Attempt, Delivery } from '../simulator.ts'
import type { Entry } from './event-log.ts'
import { Json } from './json.tsx'

export function Details({
  entry,
  onResend,
  onClose,
  trouble,
}: {
  entry: Entry | undefined
  onResend(id: string): void
  onClose(): void
  trouble: string
}) {
  return (
    <section class="card details" aria-label="Details">
      {entry === undefined ? (
        <p class="empty">Choose a row to see its body, response and delivery attempts.</p>
      ) : (
        <>
          <header>
            <h2>
              <code>{entry.name}</code>
            </h2>
            <IconButton label="Close the details" onClick={onClose}>
              <Close />
            </IconButton>
          </header>
          <div class="scroll">
            {entry.kind === 'command' && <Command entry={entry} />}
            {entry.kind === 'webhook' && <Webhook entry={entry} onResend={onResend} />}
            {entry.kind === 'simulator' && <p class="note">{entry.text}</p>}
            {entry.kind === 'caller' && (
              <p class="note">
                The caller {entry.name}: “{entry.text}”
              </p>
            )}
          </div>
        </>
      )}
      <p class="trouble" role="alert">
        {trouble}
      </p>
    </section>
  )
}

function Command({ entry }: { entry: Extract<Entry, { kind: 'command' }> }) {
  return (
    <>
      <Facts
        facts={[
          ['At', timeOfDay(entry.at)],
          ['Answered', `${entry.status}${entry.status < 400 ? '' : ' refused'}`],
          ['Call', entry.callId],
          ['Note', entry.note],
        ]}
      />
      {entry.errors?.map((error) => (
        <div key={`${error.code}${error.source?.pointer ?? ''}`} class="error">
          <b>
            {error.code} {error.title}
          </b>
          <p>{error.detail}</p>
          {error.source?.pointer !== undefined && <code>{error.source.pointer}</code>}
        </div>
      ))}
      <Body title="Request body" value={entry.body} />
    </>
  )
}

function Webhook({ entry, onResend }: { entry: Extract<Entry, { kind: 'webhook' }>; onResend(id: string): void }) {
  return (
    <>
      <Facts
        facts={[
          ['Event id', entry.event.id],
          ['Occurred', entry.event.occurred_at],
          ['Call', entry.callId],
        ]}
      />
      {entry.deliveries.length === 0 && <p class="note">Not sent: this call has no webhook URL.</p>}
      {entry.deliveries.map((delivery, index) => (
        <Sent key={delivery.id} delivery={delivery} again={index > 0} onResend={onResend} />
      ))}
      <Body title="Event" value={entry.event} />
    </>
  )
}

function Sent({ delivery, again, onResend }: { delivery: Delivery; again: boolean; onResend(id: string): void }) {
  return (
    <div class="delivery">
      <div class="title">
        <h3>{again ? 'Resent' : 'Delivery'}</h3>
        <span class={`pill ${{ delivered: 'green', failed: 'red', pending: 'amber' }[delivery.status]}`}>
          {delivery.status}
        </span>
        {delivery.faults.map((fault) => (
          <span key={fault} class="pill amber">
            fault: {fault}
          </span>
        ))}
        <button type="button" class="small" onClick={() => onResend(delivery.id)}>
          Resend
        </button>
      </div>
      {delivery.attempts.length === 0 && <p class="note">Not sent.</p>}
      <ol>
        {delivery.attempts.map((attempt, index) => (
          <AttemptRow key={index} attempt={attempt} />
        ))}
      </ol>
    </div>
  )
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
  const took =
    attempt.finished_at === null ? '…' : `${Date.parse(attempt.finished_at) - Date.parse(attempt.started_at)} ms`
  return (
    <li>
      <details>
        <summary>
          <span class={`dot ${attempt.status}`} aria-hidden="true" />
          <b>Attempt {attempt.number}</b>
          <span class="answer">{attempt.response?.status ?? attempt.error ?? 'waiting for a response'}</span>
          {attempt.fault !== null && <span class="pill amber">{attempt.fault}</span>}
          <span class="took">{took}</span>
        </summary>
        <p class="note">
          <code>
            {attempt.request.method} {attempt.request.url}
          </code>
        </p>
        <Body title="Request headers" value={attempt.request.headers} />
        {attempt.request.body !== '' && <Body title="Request body, as it was signed" value={attempt.request.body} />}
        {attempt.response !== null && (
          <Body
            title={`Answer ${attempt.response.status}`}
            value={attempt.response.body === '' ? attempt.response.headers : attempt.response.body}
          />
        )}
      </details>
    </li>
  )
}

function Facts({ facts }: { facts: readonly (readonly [string, string | null])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}

/** The body of a command or webhook, with a button that copies it. */
function Body({ title, value }: { title: string; value: unknown }) {
  const [copied, setCopied] = useState(false)
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <div class="body">
      <div class="title">
        <h3>{title}</h3>
        <button type="button" class="small" onClick={() => void copy()} aria-label={`Copy: ${title}`}>
          <Copy /> <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
        </button>
      </div>
      <Json text={text} />
    </div>
  )
}
