/**
 * Returns why the page must not start: it isn't in a frame, or a page around it isn't allowed. Otherwise `null`. The
 * header `frame-ancestors` says the same; this check also holds when a proxy has removed the header.
 */
export function refusalOf(window: Window, origins: readonly string[]): string | null {
  if (window.parent === window)
    return 'This page shows CallGather inside another page. Mount it with mountCallGather of @callgather/embed/host.'
  // Firefox lacks `ancestorOrigins`. There, the channel still accepts only a parent of an allowed origin.
  const ancestors = [...(window.location.ancestorOrigins ?? [])]
  if (origins.length > 0 && ancestors.every((origin) => origins.includes(origin))) return null
  return 'CallGather does not trust the page around it. Add the origin of that page to the allowed origins of the server.'
}
