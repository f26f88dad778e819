/** Compares the look of every element of the components with its look on a neutral page. Runs in the browser. */

/** The look of one element: its box relative to its scene, and all its computed styles. */
interface Look {
  readonly box: readonly number[]
  readonly styles: Readonly<Record<(typeof pseudos)[number], readonly string[]>>
}

const pseudos = ['', '::before', '::after', '::placeholder', '::backdrop'] as const

/** The tolerance of boxes and of values that a browser computes from boxes, in pixels. */
const TOLERANCE_PX = 0.5

/** Properties that are measured: not those that are another name for one, nor the animations, which are off. */
const MEASURED = [...getComputedStyle(document.documentElement)].filter(
  (name) =>
    !/(^|-)(inline|block)(-|$)|(start|end)-(start|end)-radius|^(animation|transition|scroll-timeline|view-)/.test(name),
)

/** What is visible of an element inside a picture. Resets set other properties too, which have no effect there. */
const IN_PICTURES = /^(fill|stroke|d$|r$|cx$|cy$|opacity|visibility|display$|color$|transform$|filter)/

/** Properties whose used value follows from boxes. */
const USED =
  /^(top|right|bottom|left|width|height|inset|margin|padding|(min|max)-(width|height)|grid-template|.*-origin)/

const baseline = new Map<string, readonly Look[]>()

const sceneElements = () => [...document.querySelectorAll<HTMLElement>('[data-scene]')]

/** Returns the elements of a scene that are ours, not the host's. */
const elementsOf = (scene: Element) =>
  [...scene.querySelectorAll('.cg, .cg *')].filter(
    (element) => element.matches('.cg') || !element.parentElement?.closest('.cg, .cg-host')?.matches('.cg-host'),
  )

function lookOf(element: Element, { left, top }: DOMRect): Look {
  const { x, y, width, height } = element.getBoundingClientRect()
  const isInPicture = element.matches('svg *')
  const isModal = element.closest('dialog') !== null
  // Without an outline, a browser still computes its width.
  const hidden = getComputedStyle(element).outlineStyle === 'none' ? 'outline-width' : ''
  const styles = pseudos.map((pseudo) => {
    const style = getComputedStyle(element, pseudo)
    const isMissing = /before|after/.test(pseudo) && /^(none|normal)$/.test(style.content)
    const isOther =
      (pseudo === '::placeholder' && !element.matches('input, textarea')) ||
      (pseudo === '::backdrop' && !element.matches('dialog'))
    if (isMissing || isOther || (isInPicture && pseudo !== '')) return [pseudo, []]
    return [
      pseudo,
      MEASURED.map((name) =>
        name === hidden || (isInPicture && !IN_PICTURES.test(name)) ? '' : style.getPropertyValue(name),
      ),
    ]
  })
  return {
    // A modal dialog is placed in the window, not in its scene.
    box: [isModal ? x : x - left, isModal ? y : y - top, width, height],
    styles: Object.fromEntries(styles) as Look['styles'],
  }
}

const looksOf = (scene: Element) => {
  const place = scene.getBoundingClientRect()
  return elementsOf(scene).map((element) => lookOf(element, place))
}

/** Remembers the present look of every scene, and returns the number of elements. */
export function remember(): number {
  for (const scene of sceneElements()) baseline.set(scene.dataset.scene ?? '', looksOf(scene))
  return [...baseline.values()].reduce((sum, { length }) => sum + length, 0)
}

/** Returns the differences from the remembered look: scene, element, property, and both values. */
export function differences(): string[] {
  return sceneElements().flatMap((scene) => {
    const name = scene.dataset.scene ?? ''
    const before = baseline.get(name) ?? []
    const elements = elementsOf(scene)
    if (elements.length !== before.length) return [`${name}: ${before.length} elements → ${elements.length}`]
    const place = scene.getBoundingClientRect()
    return elements.flatMap((element, index) =>
      differencesOf(before[index] as Look, lookOf(element, place)).map((it) => `${name}: ${pathOf(element)}${it}`),
    )
  })
}

function differencesOf(before: Look, after: Look): string[] {
  const found: string[] = []
  for (const pseudo of pseudos) {
    const [one, other] = [before.styles[pseudo], after.styles[pseudo]]
    if (one.length !== other.length) found.push(`${pseudo} ${one.length > 0 ? 'is gone' : 'is new'}`)
    for (const [index, property] of MEASURED.entries()) {
      const [value = '', now = ''] = [one[index], other[index]]
      const isSame = value === now || (USED.test(property) && isNear(value, now))
      if (!isSame) found.push(`${pseudo} { ${property}: ${value} → ${now} }`)
    }
  }
  const isMoved = before.box.some((value, index) => Math.abs(value - (after.box[index] ?? 0)) > TOLERANCE_PX)
  if (isMoved) found.push(` is at ${before.box.map(round)} → ${after.box.map(round)}`)
  return found
}

const round = (value: number) => Math.round(value * 10) / 10

const numbers = /-?\d+(\.\d+)?/g

function isNear(one: string, other: string): boolean {
  if (one.replaceAll(numbers, '#') !== other.replaceAll(numbers, '#')) return false
  const others = other.match(numbers) ?? []
  return (one.match(numbers) ?? []).every(
    (value, index) => Math.abs(Number(value) - Number(others[index])) <= TOLERANCE_PX,
  )
}

/** Returns the path of an element from its component. */
function pathOf(element: Element): string {
  const { localName, classList, parentElement } = element
  const own = `${localName}${[...classList].map((name) => `.${name}`).join('')}`
  return element.matches('[data-scene] > *') || !parentElement ? own : `${pathOf(parentElement)} > ${own}`
}
