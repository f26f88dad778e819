import { type FocusEvent, type KeyboardEvent, type Ref, useState } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { type ListState, useListState } from '../call-list/list-state.ts'
import { Unavailable } from '../call-list/unavailable.tsx'
import { Button } from '../kit/button.tsx'
import { Chip } from '../kit/chip.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { Tile, WallClock } from './tile.tsx'
import { type DescribeCall, useWall, wallFilters } from './use-wall.ts'

/** The props of `CallWall`. */
export interface CallWallProps {
  /** Describes a call from your own records: its name, agent and team. Keep the function stable. */
  readonly describeCall?: DescribeCall
  /** Called with the call's id when a tile is pressed. Without it, tiles are not buttons. Keep the function stable. */
  readonly onOpen?: (callId: string) => void
  /** The search field, for example to focus it with a shortcut of yours. */
  readonly searchRef?: Ref<HTMLInputElement>
}

/**
 * A wall of all live calls that the ticket allows, for a supervisor. Each tile shows what is entered or heard right now,
 * masked as the server masked it. Calls that need attention come first; tiles keep their place while the pointer or the
 * focus is on the wall. It watches only the list of calls, and sends no command.
 *
 * Its styles are in `@callgather/react/wall.css`; load `@callgather/react/styles.css` first.
 */
export function CallWall({ describeCall, onOpen, searchRef }: CallWallProps) {
  const { t, number } = useLanguage()
  const hold = useHold()
  const wall = useWall(describeCall, hold.isHeld)
  const { filter, setFilter, query, setQuery, counts, order, callOf, isLive, isViewOnly } = wall
  const state = useListState(wall.error)
  const [active, setActive] = useState<string | null>(null)
  const focusable = active !== null && order.includes(active) ? active : order[0]
  const kept = useKeptFocus()
  const guard = useTypingGuard()
  return (
    <section
      className="cg cg-wall"
      aria-label={t('wall.label')}
      {...kept}
      onFocus={(event) => {
        kept.onFocus(event)
        guard.onFocus(event)
        if (event.target === event.currentTarget) hold.releaseFocus()
      }}
    >
      <div className="cg-wall-header">
        <fieldset className="cg-wall-filters">
          <legend className="cg-visually-hidden">{t('wall.show')}</legend>
          {wallFilters.map((each) => (
            <Button key={each} size="small" aria-pressed={each === filter} onClick={() => setFilter(each)}>
              {t(`wall.filter.${each}`)} <span className="cg-wall-count">{number(counts[each])}</span>
            </Button>
          ))}
        </fieldset>
        {isViewOnly && <Chip icon="lock">{t('calls.viewOnly')}</Chip>}
        <input
          ref={searchRef}
          type="search"
          className="cg-input cg-wall-search"
          aria-label={t('calls.search')}
          placeholder={t('calls.search')}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
      </div>
      {state && order.length > 0 && (
        <Notice role="status" tone={state.tone} icon="offline" title={state.title}>
          {t('calls.stale')}
        </Notice>
      )}
      {order.length === 0 ? (
        <NoCalls
          state={state}
          isKnown={isLive}
          onClear={
            filter === 'all' && query === ''
              ? null
              : () => {
                  setFilter('all')
                  setQuery('')
                }
          }
        />
      ) : (
        <WallClock.Provider value={wall.nowMs}>
          <ul
            className="cg-wall-grid"
            aria-busy={!isLive}
            {...hold.handlers}
            onKeyDown={(event) => moveFocus(event, setActive)}
          >
            {order.map((callId) => {
              const shown = callOf(callId)
              if (!shown) return null
              const { call, attention } = shown
              return (
                <Tile
                  key={callId}
                  call={call}
                  attention={attention?.kind ?? null}
                  seconds={attention && 'sinceMs' in attention ? Math.floor(attention.sinceMs / 1000) : 0}
                  describe={describeCall}
                  onOpen={onOpen}
                  isFocusable={callId === focusable}
                />
              )
            })}
          </ul>
        </WallClock.Provider>
      )}
    </section>
  )
}

/** Whether the pointer or the focus is on the tiles, so that they must keep their places. */
function useHold() {
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  return {
    isHeld: isPointed || isFocused,
    /** The focused tile is gone, which the browser does not report as a blur. */
    releaseFocus: () => setFocused(false),
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: ({ currentTarget, relatedTarget }: FocusEvent<HTMLElement>) =>
        setFocused(currentTarget.contains(relatedTarget)),
    },
  }
}

/** Moves the focus between the tiles with the arrow keys, in rows and columns. */
function moveFocus(event: KeyboardEvent<HTMLElement>, setActive: (callId: string) => void): void {
  const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>('button[data-tile]')]
  const index = tiles.indexOf(event.target as HTMLElement)
  if (index < 0) return
  const topOf = (tile: HTMLElement | undefined) => tile?.parentElement?.offsetTop
  const below = tiles.findIndex((tile) => topOf(tile) !== topOf(tiles[0]))
  const columns = below < 0 ? tiles.length : below
  const forwards = event.currentTarget.matches(':dir(rtl)') ? -1 : 1
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: forwards,
    ArrowLeft: -forwards,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -index,
    End: tiles.length - 1 - index,
  }
  const step = steps[event.key]
  const next = step === undefined ? undefined : tiles[index + step]
  if (step === undefined) return
  event.preventDefault()
  if (!next) return
  setActive(next.dataset.tile ?? '')
  next.focus()
}

function NoCalls({
  state,
  isKnown,
  onClear,
}: {
  readonly state: ListState | null
  readonly isKnown: boolean
  /** Shows all calls; `null` if nothing is filtered. */
  readonly onClear: (() => void) | null
}) {
  const { t } = useLanguage()
  if (state) return <Unavailable state={state} />
  if (!isKnown) return <Empty icon="clock" title={t('calls.loading')} />
  if (onClear) {
    const clear = (
      <Button size="small" onClick={onClear}>
        {t('wall.filter.all')}
      </Button>
    )
    return <Empty icon="search" title={t('calls.noMatch')} action={clear} />
  }
  return (
    <Empty icon="phone" title={t('wall.empty')}>
      {t('calls.emptyHint')}
    </Empty>
  )
}
