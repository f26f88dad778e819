/** Writes text to the clipboard. Rejects when the browser denies it or the page has no clipboard. */
export async function writeClipboard(text: string): Promise<void> {
  // Browsers have no clipboard on pages without TLS and in frames without the `clipboard-write` permission.
  if (typeof navigator.clipboard?.writeText !== 'function') {
    throw new Error(
      'CallGather: this page has no clipboard. Serve it over HTTPS, and allow `clipboard-write` in a frame.',
    )
  }
  await navigator.clipboard.writeText(text)
}
