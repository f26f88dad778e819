import { fireEvent, render, screen } from '@testing-library/react'
import { createRef } from 'react'
import { describe, expect, test, vi } from 'vitest'
import { mergeProps, renderPart, stateAttributes } from './part.tsx'

describe('a rendered part', () => {
  test('a part exposes its state as data attributes', () => {
    expect(stateAttributes({ open: true, isLast: true, count: 0, state: 'x', hidden: false, role: null })).toEqual({
      'data-open': '',
      'data-is-last': '',
      'data-count': '0',
      'data-state': 'x',
    })
  })

  test('a part runs its own event handler unless the handler of the host prevents the default', () => {
    const own = vi.fn()
    render(renderPart('button', { onClick: (event) => event.preventDefault() }, { onClick: own }, {}))
    fireEvent.click(screen.getByRole('button'))
    expect(own).not.toHaveBeenCalled()
    render(renderPart('button', { 'aria-label': 'second' }, { onClick: own }, {}))
    fireEvent.click(screen.getByRole('button', { name: 'second' }))
    expect(own).toHaveBeenCalledOnce()
  })

  test('a part accepts a class name as a string or as a function of its state', () => {
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

  test('the `render` prop of a part replaces the element and keeps the attributes of the part', () => {
    render(renderPart('span', { render: <a href="/x">there</a>, children: 'here' }, { title: 'link' }, { on: true }))
    const link = screen.getByTitle('link')
    expect(link.tagName).toBe('A')
    expect(link.getAttribute('data-on')).toBe('')
  })

  test('a part sets both its own ref and the ref of the host', () => {
    const one = createRef<HTMLParagraphElement>()
    const other = createRef<HTMLParagraphElement>()
    render(renderPart('p', { ref: other }, { ref: one }, {}))
    expect(one.current).not.toBeNull()
    expect(other.current).toBe(one.current)
  })

  test('a part sets its own ref when the ref of the host is `null`', () => {
    const own = createRef<HTMLParagraphElement>()
    render(renderPart('p', { ref: null }, { ref: own }, {}))
    expect(own.current).not.toBeNull()
  })

  test('a part calls the cleanup function of a ref on unmount and sets other refs to `null`', () => {
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

  test('styles that the host passes to a part override the default styles of the part', () => {
    expect(mergeProps({ style: { top: 1, left: 1 } }, { style: { left: 2 } })).toEqual({ style: { top: 1, left: 2 } })
  })
})
