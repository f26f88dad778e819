/** @jsxImportSource preact */
import type { VNode } from 'preact'

/** JSON with coloured keys and values. Text that is not JSON is shown unchanged. */
const parts = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

export function Json({ text }: { text: string }) {
  const pieces: (string | VNode)[] = []
  let from = 0
  for (const match of text.matchAll(parts)) {
    const [whole, quoted, colon, word] = match
    const kind =
      quoted !== undefined ? (colon === undefined ? 'string' : 'key') : word === undefined ? 'number' : 'word'
    pieces.push(text.slice(from, match.index), <span class={`json-${kind}`}>{quoted ?? whole}</span>, colon ?? '')
    from = match.index + whole.length
  }
  pieces.push(text.slice(from))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1).
    <pre tabIndex={0}>{pieces}</pre>
  )
}
