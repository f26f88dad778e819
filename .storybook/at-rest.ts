import { waitFor } from 'storybook/test'

/** What a story shows when its `play` function has ended. Each visible story declares it in its `parameters`. */
export interface AtRest {
  /** Texts on the screen: words, values of fields, and names of images and controls. */
  readonly shows?: string | readonly string[]
  /** Texts of other states, which are not on the screen. */
  readonly hides?: string | readonly string[]
}

interface Shown {
  readonly tags: readonly string[]
  readonly parameters: AtRest
  readonly canvasElement: HTMLElement
  readonly globals: { readonly locale?: string }
  readonly storyGlobals?: { readonly locale?: string }
}

/** Fails if a story in the sidebar does not show what it declares, or declares nothing. */
export async function expectAtRest(story: Shown): Promise<void> {
  const { tags, parameters, canvasElement, globals, storyGlobals } = story
  const isTranslated = globals.locale !== (storyGlobals?.locale ?? 'en')
  if (!tags.includes('dev') || isTranslated) return
  const shows = [parameters.shows ?? []].flat()
  const hides = [parameters.hides ?? []].flat()
  if (shows.length === 0)
    throw new Error('The story has no `parameters.shows`. Declare what it shows at rest, or tag it `!dev`.')
  await waitFor(() => {
    const text = visibleText(canvasElement)
    const problems = [
      ...shows.filter((it) => !text.includes(it)).map((it) => `“${it}” is missing`),
      ...hides.filter((it) => text.includes(it)).map((it) => `“${it}” is on the screen`),
    ]
    if (problems.length > 0) throw new Error(`At rest, ${problems.join(' and ')}. The story shows: ${text}`)
  })
}

/** Returns what a sighted reader reads. Text for screen readers only has a box of one pixel. */
function visibleText(root: HTMLElement): string {
  return allElements(root)
    .filter((element) => {
      const { width, height } = element.getBoundingClientRect()
      return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    })
    .flatMap((element) => [
      element.ariaLabel ?? '',
      'value' in element && typeof element.value === 'string' ? element.value : '',
      [...element.childNodes].map((node) => (node instanceof Text ? node.data : '')).join(''),
    ])
    .filter((text) => text.trim() !== '')
    .join(' ')
    .replace(/\s+/g, ' ')
}

/** Returns the elements below a root, also those in shadow roots. */
function allElements(root: ParentNode): Element[] {
  return [...root.querySelectorAll('*')].flatMap((element) =>
    element.shadowRoot ? [element, ...allElements(element.shadowRoot)] : [element],
  )
}
