import { fireEvent, render, screen } from '@testing-library/react'
import { createRef } from 'react'
import { describe, expect, test, vi } from 'vitest'
import { mergeProps, renderPart, stateAttributes } from './part.tsx'

describe('a part', () => {
  test('shows its state as data attributes', () => {
    expect(stateAttributes({ open: true, isLast: true, count: 0, state: 'x', hidden: false, role: null })).toEqual({
      'data-open': '',
      'data-is-last': '',
      'data-count': '0',
      'data-state': 'x',
    })
  })

  test('runs the handler of its user first, and its own unless the default was prevented', () => {
    const own = vi.fn()
    render(renderPart('button', { onClick: (event) => event.preventDefault() }, { onClick: own }, {}))
    fireEvent.click(screen.getByRole('button'))
    expect(own).not.toHaveBeenCalled()
    render(renderPart('button', { 'aria-label': 'second' }, { onClick: own }, {}))
    fireEvent.click(screen.getByRole('button', { name: 'second' }))
    expect(own).toHaveBeenCalledOnce()
  })

  test('takes class names, also as a function of its state', () => {
    render(
      renderPart(
        'p',
        { className: ({ on }) => (on ? 'is-on' : '') },
        { className: 'own', title: 'part' },
        { on: true },
      ),
    )
    expect(screen.getByTitle('part').className).toBe('own is-on')
  })

  test('renders another element in its place, with everything it has', () => {
    render(renderPart('span', { render: <a href="/x">there</a>, children: 'here' }, { title: 'link' }, { on: true }))
    const link = screen.getByTitle('link')
    expect(link.tagName).toBe('A')
    expect(link.getAttribute('data-on')).toBe('')
  })

  test('gives its element to its own ref and to that of its user', () => {
    const one = createRef<HTMLParagraphElement>()
    const other = createRef<HTMLParagraphElement>()
    render(renderPart('p', { ref: other }, { ref: one }, {}))
    expect(one.current).not.toBeNull()
    expect(other.current).toBe(one.current)
  })

  test('keeps its own ref where its user gives none after all', () => {
    const own = createRef<HTMLParagraphElement>()
    render(renderPart('p', { ref: null }, { ref: own }, {}))
    expect(own.current).not.toBeNull()
  })

  test('lets a ref clean up after itself, and tells any other that the element is gone', () => {
    const own = createRef<HTMLParagraphElement>()
    const [plain, cleaning, cleanUp] = [vi.fn(), vi.fn(), vi.fn()]
    cleaning.mockReturnValue(cleanUp)
    const first = render(renderPart('p', { ref: (element) => plain(element) }, { ref: own }, {}))
    const second = render(renderPart('p', { ref: (element) => cleaning(element) }, { ref: own }, {}))
    first.unmount()
    second.unmount()
    expect(plain.mock.calls).toEqual([[expect.any(HTMLParagraphElement)], [null]])
    expect(cleaning.mock.calls).toEqual([[expect.any(HTMLParagraphElement)]])
    expect(cleanUp).toHaveBeenCalledOnce()
    expect(own.current).toBeNull()
  })

  test('joins styles, the user having the last word', () => {
    expect(mergeProps({ style: { top: 1, left: 1 } }, { style: { left: 2 } })).toEqual({ style: { top: 1, left: 2 } })
  })
})
