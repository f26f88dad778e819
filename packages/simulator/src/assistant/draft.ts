/** Answers so far, by JSON Pointer. Pointers begin with `/`, so no property name from a schema can reach a prototype. */
interface Answer {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

export type Draft = Readonly<Record<string, Answer>>

/** RFC 6901. */
export function toJsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Something below this place was answered. */
export function hasAnswerBelow(draft: Draft, path: readonly (string | number)[]): boolean {
  const below = `${toJsonPointer(path)}/`
  return Object.keys(draft).some((id) => id.startsWith(below))
}

/** The answers as one object, in the order given; what lies deeper is made on the way. */
export function assemble(
  entries: readonly { path: readonly (string | number)[]; value: unknown }[],
): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const { path, value } of entries) setAt(root, path, value)
  return root
}

function setAt(root: object, path: readonly (string | number)[], value: unknown): void {
  let at: object = root
  path.forEach((step, index) => {
    const last = index === path.length - 1
    const existing: unknown = Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined
    if (last && !(isEmptyObject(value) && typeof existing === 'object'))
      defineValue(at, step, isEmptyObject(value) ? {} : value)
    if (last) return
    const next: object =
      typeof existing === 'object' && existing !== null ? existing : typeof path[index + 1] === 'number' ? [] : {}
    if (next !== existing) defineValue(at, step, next)
    at = next
  })
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

/** A plain assignment to a property called `__proto__` would change the prototype instead. */
function defineValue(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}
