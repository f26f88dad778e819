/**
 * Renders parts. A part is one unstyled DOM element with behaviour, semantics and state. CSS can select a part's state
 * by its `data-*` attributes. The styled components add only class names to the parts.
 */
import { type ComponentProps, cloneElement, createElement, type JSX, type ReactElement } from 'react'

/** The state of a part. Each entry becomes a `data-*` attribute of the part's element. */
export type PartState = Readonly<Record<string, string | number | boolean | null | undefined>>

/** The props that all parts share: the attributes of the part's element, `className` and `render`. */
export type PartProps<Tag extends keyof JSX.IntrinsicElements, State = Record<never, never>> = Omit<
  ComponentProps<Tag>,
  'className'
> & {
  /** Class names, or a function that returns class names for the part's state. */
  readonly className?: string | ((state: State) => string | undefined) | undefined
  /** Replaces the part's default element: an element to clone, or a function of the part's props and state. */
  readonly render?: ReactElement<Record<string, unknown>> | ((props: object, state: State) => ReactElement) | undefined
}

/**
 * Converts a part's state to `data-*` attributes, such as `isLast` → `data-is-last`. `true` sets an empty attribute.
 * `false`, `null` and `undefined` set no attribute.
 */
export function stateAttributes(state: PartState): Record<`data-${string}`, string> {
  const attributes: Record<`data-${string}`, string> = {}
  for (const [name, value] of Object.entries(state)) {
    if (value === undefined || value === null || value === false) continue
    const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    attributes[`data-${kebab}`] = value === true ? '' : String(value)
  }
  return attributes
}

type Props = Record<string, unknown>

const isHandler = (name: string, value: unknown): value is (...args: unknown[]) => unknown =>
  /^on[A-Z]/.test(name) && typeof value === 'function'

type AnyRef = ((element: unknown) => unknown) | { current: unknown }

/** Merges two refs into one ref. As in React, a ref that returns a cleanup function is not called with `null`. */
const mergeRefs = (one: unknown, other: unknown) => (element: unknown) => {
  const cleanUps = ([one, other] as AnyRef[]).map((ref) => {
    const set = (value: unknown) => {
      if (typeof ref === 'function') return ref(value)
      ref.current = value
    }
    const returned = set(element)
    return typeof returned === 'function' ? returned : () => set(null)
  })
  return () => {
    for (const cleanUp of cleanUps) cleanUp()
  }
}

/**
 * Merges the props of the host over a part's own props. A handler of the host runs first. The part's own handler then
 * runs, unless the default was prevented. Class names and styles are joined. Any other prop of the host wins.
 */
export function mergeProps(own: Props, given: Props): Props {
  const merged: Props = { ...own }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const ours = own[name]
    if (isHandler(name, value) && isHandler(name, ours)) {
      merged[name] = (event: { defaultPrevented?: boolean }, ...rest: unknown[]) => {
        value(event, ...rest)
        if (!event?.defaultPrevented) ours(event, ...rest)
      }
    } else if (name === 'ref' && ours) merged[name] = value ? mergeRefs(ours, value) : ours
    else if (name === 'className') merged[name] = [ours, value].filter(Boolean).join(' ')
    else if (name === 'style') merged[name] = { ...(ours as object), ...(value as object) }
    else merged[name] = value
  }
  return merged
}

/**
 * Renders a part from its `own` props and the props `given` by the host. The return type is `JSX.Element`, because the
 * generated declarations would write an inferred `ReactElement` as `ReactElement<any>`.
 */
export function renderPart<Tag extends keyof JSX.IntrinsicElements>(
  tag: Tag,
  given: PartProps<Tag>,
  own: ComponentProps<Tag>,
): JSX.Element
export function renderPart<Tag extends keyof JSX.IntrinsicElements, State extends PartState>(
  tag: Tag,
  given: PartProps<Tag, State>,
  own: ComponentProps<Tag>,
  state: State,
): JSX.Element
export function renderPart(tag: string, given: PartProps<'div', PartState>, own: Props, state: PartState = {}) {
  const { render, className, ...rest } = given
  const classes = typeof className === 'function' ? className(state) : className
  const props = mergeProps({ ...stateAttributes(state), ...own }, { ...rest, className: classes })
  if (typeof render === 'function') return render(props, state)
  if (render) return cloneElement(render, mergeProps(props, render.props))
  return createElement(tag, props)
}
