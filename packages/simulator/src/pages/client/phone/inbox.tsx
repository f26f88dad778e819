/** @jsxImportSource preact */
/** The text messages of the phone's number, and a box for replies. */
import { useState } from 'preact/hooks'
import type { Attempt } from '../attempt.ts'
import { telephone, timeOfDay } from '../format.ts'
import { type Message, simulator } from '../simulator.ts'
import { inboxOf, numbersOf, recipientsOf } from './inbox-state.ts'
import { useNewestInView } from './newest.ts'
import { TextBox } from './text-box.tsx'

const MAX_NUMBERS = 6

interface Props {
  messages: readonly Message[]
  /** The number of the phone on the screen. */
  own: string
  /** The number of the program, for a first message. */
  program: string
  attempt: Attempt
}

export function Inbox({ messages, own, program, attempt }: Props) {
  const [choice, setChoice] = useState({ own, number: own })
  // The inbox follows the phone on the screen until the user chooses another number.
  const number = choice.own === own ? choice.number : own
  const numbers = numbersOf(messages, own).slice(0, MAX_NUMBERS)
  const inbox = inboxOf(messages, number)
  return (
    <section class="card inbox" aria-labelledby="inbox-title">
      <header>
        <h2 id="inbox-title">Messages</h2>
        <span class="quietly">{telephone(number)}</span>
      </header>
      {numbers.length > 1 && (
        <fieldset class="numbers" aria-label="Show the messages of">
          {numbers.map((each) => (
            <button
              key={each}
              type="button"
              class="chip"
              aria-pressed={each === number}
              onClick={() => setChoice({ own, number: each })}
            >
              {telephone(each)}
            </button>
          ))}
        </fieldset>
      )}
      {inbox.length === 0 && (
        <p class="empty">No messages yet. Texts that your program sends to this number appear here.</p>
      )}
      {/* A new log for each number, so that a screen reader announces only new messages. */}
      <Log key={`log ${number}`} inbox={inbox} />
      <Reply key={`reply ${number}`} number={number} recipients={recipientsOf(inbox, program)} attempt={attempt} />
    </section>
  )
}

function Log({ inbox }: { inbox: readonly Message[] }) {
  const list = useNewestInView<HTMLDivElement>(inbox.length)
  return (
    <div ref={list} role="log" aria-label="Messages" tabIndex={inbox.length === 0 ? undefined : 0}>
      <ol>
        {inbox.map(({ id, direction, from, to, text, media_urls, received_at, completed_at }) => (
          <li key={id} data-by={direction === 'inbound' ? 'caller' : 'program'}>
            <span class="meta">
              {direction === 'inbound' ? `You to ${telephone(to)}` : telephone(from)} ·{' '}
              <time>{timeOfDay(completed_at ?? received_at)}</time>
            </span>
            {text !== '' && (
              <p class="bubble" dir="auto">
                {text}
              </p>
            )}
            {media_urls.map((url) => (
              <p key={url} class="bubble media">
                {url}
              </p>
            ))}
          </li>
        ))}
      </ol>
    </div>
  )
}

function Reply({ number, recipients, attempt }: { number: string; recipients: readonly string[]; attempt: Attempt }) {
  const [chosen, setChosen] = useState('')
  const to = recipients.includes(chosen) ? chosen : (recipients[0] ?? '')
  // A message of another sender must not change the recipient of a reply that the user is typing.
  return (
    <div class="reply" onInput={() => setChosen(to)}>
      {recipients.length > 1 && (
        <p class="to">
          <label for="reply-to">To</label>
          <select id="reply-to" class="recipient" value={to} onChange={(event) => setChosen(event.currentTarget.value)}>
            {recipients.map((recipient) => (
              <option key={recipient} value={recipient}>
                {telephone(recipient)}
              </option>
            ))}
          </select>
        </p>
      )}
      <TextBox
        id="reply"
        label={`Text message to ${telephone(to)}`}
        placeholder={`Text ${telephone(to)}…`}
        action="Send the message"
        onSend={(text, done) =>
          attempt(simulator.text(number, to, text), () => {
            done()
            setChosen('')
          })
        }
      />
    </div>
  )
}
