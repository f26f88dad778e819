interface Answer {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

/** The caller's answers so far, by JSON Pointer. Its leading `/` prevents prototype pollution by property names. */
export type Draft = Readonly<Record<string, Answer>>

/** Converts a path to a JSON Pointer (RFC 6901). */
export function toJsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Returns whether any field below `path` has an answer. */
export function hasAnswerBelow(draft: Draft, path: readonly (string | number)[]): boolean {
  const below = `${toJsonPointer(path)}/`
  return Object.keys(draft).some((id) => id.startsWith(below))
}

/** Builds an object from pairs of JSON Pointer and value, in order. Creates missing parent objects and arrays. */
export function assemble(
  entries: readonly { path: readonly (string | number)[]; value: unknown }[],
): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const { path, value } of entries) setAt(root, path, value)
  return root
}

function setAt(root: object, path: readonly (string | number)[], value: unknown): void {
  let parent: object = root
  path.forEach((step, index) => {
    const isLast = index === path.length - 1
    const existing: unknown = Object.hasOwn(parent, step) ? Reflect.get(parent, step) : undefined
    if (isLast && !(isEmptyObject(value) && typeof existing === 'object'))
      defineValue(parent, step, isEmptyObject(value) ? {} : value)
    if (isLast) return
    const next: object =
      typeof existing === 'object' && existing !== null ? existing : typeof path[index + 1] === 'number' ? [] : {}
    if (next !== existing) defineValue(parent, step, next)
    parent = next
  })
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

/** Defines an own property, because assigning to a property named `__proto__` would change the prototype. */
function defineValue(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}
