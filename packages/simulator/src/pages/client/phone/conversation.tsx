/** @jsxImportSource preact */
/** The transcript of a call: speech, audio and keys. */
import { timeOfDay } from '../format.ts'
import type { CallView, TranscriptLine } from '../simulator.ts'
import { useNewestInView } from './newest.ts'

/** Merges consecutive keys of the same party into one row. */
export function rowsOf(transcript: readonly TranscriptLine[]): TranscriptLine[] {
  const rows: TranscriptLine[] = []
  for (const line of transcript) {
    const last = rows.at(-1)
    if (line.kind === 'key' && last?.kind === 'key' && last.by === line.by)
      rows[rows.length - 1] = { ...last, text: `${last.text}${line.text}` }
    else rows.push(line)
  }
  return rows
}

export const wordsOf = ({ kind, text }: TranscriptLine) => (kind === 'media' ? `♪ ${text}` : text)

export function Conversation({ call }: { call: CallView | undefined }) {
  const rows = call === undefined ? [] : rowsOf(call.transcript)
  const list = useNewestInView<HTMLOListElement>(`${call?.transcript.length} ${call?.transcript.at(-1)?.text}`)
  return (
    <section class="card conversation" aria-labelledby="conversation-title">
      <header>
        <h2 id="conversation-title">Conversation</h2>
      </header>
      {rows.length === 0 ? (
        <p class="empty">What you hear and what you say appears here.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1).
        <ol ref={list} tabIndex={0} aria-label="Conversation">
          {rows.map((row, index) => (
            <li key={`${row.at}${index}`} data-by={row.by}>
              <time>{timeOfDay(row.at)}</time>
              <div>
                <span class="name">{row.by === 'caller' ? 'You' : 'They'}</span>
                {row.kind === 'key' ? <Keys text={row.text} /> : <p dir="auto">{wordsOf(row)}</p>}
              </div>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

/** A transcript row of pressed keys. */
export function Keys({ text }: { text: string }) {
  return (
    <span class="keys">
      <span class="unseen">pressed </span>
      {[...text].map((key, at) => (
        <kbd key={at}>{key}</kbd>
      ))}
    </span>
  )
}
