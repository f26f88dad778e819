import { type KeyboardEvent, type ReactElement, type RefObject, useId, useMemo, useRef, useState } from 'react'
import { useRemembered } from '../../hooks/call-memory.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { CopyFailure } from '../kit/copy-failure.tsx'
import { Icon } from '../kit/icon.tsx'
import { Menu } from '../kit/menu.tsx'
import { Empty } from '../kit/notice.tsx'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { type Announce, Announcer } from './announcer.tsx'
import { allCategories, openBars, useCopy, useTranscriptContext } from './context.ts'
import { download, exportFormats, exportTranscript } from './export.ts'
import * as parts from './parts.tsx'
import type { TranscriptRow } from './rows.ts'
import { Row } from './transcript-row.tsx'

/** The props of `Transcript`. */
export interface TranscriptProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The speech announced to screen readers until the agent changes the setting. Default: `all`. */
  readonly announce?: Announce
}

/**
 * A live transcript of the speech, keys, gathers and commands of a call. Only the rows in view are in the DOM, so long
 * calls stay fast. Search, filter, export and announcements use all rows.
 *
 * `TranscriptParts` has the unstyled parts of this component.
 */
export function Transcript({ callId, announce: announceAtFirst = 'all' }: TranscriptProps) {
  const id = useId()
  // The announcement setting belongs to the agent, so it survives a change of call.
  const [announce, setAnnounce] = useState<Announce>(announceAtFirst)
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-card cg-transcript" aria-labelledby={id} {...kept}>
      <Contents id={id} announce={announce} setAnnounce={setAnnounce} />
    </parts.Root>
  )
}

interface ContentsProps {
  readonly id: string
  readonly announce: Announce
  readonly setAnnounce: (announce: Announce) => void
}

function Contents({ id, announce, setAnnounce }: ContentsProps) {
  const { callId } = useTranscriptContext('Contents')
  const [{ find: finding, filter: filtering, copyFailed }, changeBars] = useRemembered(callId, openBars)
  // A find bar that is restored with its call does not take the focus.
  const [opened, setOpened] = useState(false)
  const findButton = useRef<HTMLButtonElement>(null)
  const setFinding = (find: boolean) => {
    setOpened(find)
    changeBars((bars) => ({ ...bars, find }))
  }
  const closeFind = () => {
    setFinding(false)
    findButton.current?.focus()
  }
  const { t } = useLanguage()
  const findField = useRef<HTMLInputElement>(null)
  const findKey = useShortcut({
    id: 'findWords',
    key: 'f',
    label: t('transcript.findLabel'),
    run: () => {
      if (finding) findField.current?.focus()
      else setFinding(true)
    },
  })
  return (
    <>
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('transcript.label')}
        </h3>
        <div className="cg-card-aside" data-tight="">
          <button
            ref={findButton}
            type="button"
            className="cg-button"
            data-variant="quiet"
            data-size="small"
            aria-expanded={finding}
            aria-keyshortcuts={findKey?.aria}
            onClick={() => setFinding(!finding)}
          >
            <Icon name="search" />
            {t('transcript.find')}
            <ShortcutHint shortcut={findKey} />
          </button>
          <Button
            icon="filter"
            variant="quiet"
            size="small"
            aria-expanded={filtering}
            onClick={() => changeBars((bars) => ({ ...bars, filter: !bars.filter }))}
          >
            {t('transcript.filter')}
          </Button>
          <ExportMenu />
        </div>
      </header>
      {finding && <FindBar field={findField} takesFocus={opened} onClose={closeFind} />}
      {filtering && <FilterBar announce={announce} onAnnounce={setAnnounce} />}
      {copyFailed && (
        <div className="cg-transcript-bar">
          <CopyFailure onClose={() => changeBars((bars) => ({ ...bars, copyFailed: false }))} />
        </div>
      )}
      <div className="cg-transcript-stage">
        <Rows />
        <parts.Latest className="cg-button cg-transcript-latest" data-size="small" />
      </div>
      <Announcer announce={announce} />
    </>
  )
}

function Rows() {
  const { query, matches, match, ended } = useTranscriptContext('Rows')
  const wanted = query.trim().toLowerCase()
  const found = useMemo(() => new Set(matches), [matches])
  const current = matches[match]
  // An unchanged row keeps its React element, so that a new row does not rerender every row in view.
  const drawRow = useMemo(() => {
    const drawn = new WeakMap<TranscriptRow, { readonly position: number; readonly element: ReactElement }>()
    return (row: TranscriptRow, position: number) => {
      const known = drawn.get(row)
      if (known?.position === position) return known.element
      const mark = wanted !== '' && found.has(position) ? (current === position ? 'current' : 'match') : null
      const element = <Row key={row.key} row={row} wanted={wanted} match={mark} ended={ended} />
      drawn.set(row, { position, element })
      return element
    }
  }, [wanted, found, current, ended])
  return (
    <parts.View className="cg-transcript-view" empty={<Nothing />}>
      {drawRow}
    </parts.View>
  )
}

function Nothing() {
  const { all, ended } = useTranscriptContext('Nothing')
  const { t } = useLanguage()
  if (all.length > 0) {
    return (
      <Empty icon="filter" title={t('transcript.noMatch')}>
        {t('transcript.noMatchHint')}
      </Empty>
    )
  }
  return (
    <Empty icon="speech" title={t(ended ? 'transcript.emptyEnded' : 'transcript.empty')}>
      {ended ? null : t('transcript.emptyHint')}
    </Empty>
  )
}

interface FindBarProps {
  readonly field: RefObject<HTMLInputElement | null>
  readonly takesFocus: boolean
  readonly onClose: () => void
}

function FindBar({ field, takesFocus, onClose }: FindBarProps) {
  const { query, setQuery, matches, match, setMatch } = useTranscriptContext('FindBar')
  const { t } = useLanguage()
  const step = (by: number) => {
    if (matches.length > 0) setMatch((match + by + matches.length) % matches.length)
  }
  const close = () => {
    setQuery('')
    onClose()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (event.key === 'Enter') step(event.shiftKey ? -1 : 1)
  }
  const place =
    query.trim() === ''
      ? ''
      : matches.length === 0
        ? t('transcript.findNone')
        : t('transcript.findPlace', { index: match + 1, count: matches.length })
  return (
    <search className="cg-transcript-bar">
      <input
        ref={field}
        // biome-ignore lint/a11y/noAutofocus: the agent opens the find bar to type a search
        autoFocus={takesFocus}
        className="cg-input"
        type="search"
        aria-label={t('transcript.findLabel')}
        placeholder={t('transcript.findLabel')}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span className="cg-transcript-place" role="status">
        {place}
      </span>
      <IconButton icon="up" label={t('transcript.findPrevious')} onClick={() => step(-1)} />
      <IconButton icon="chevron" label={t('transcript.findNext')} onClick={() => step(1)} />
      <IconButton icon="cross" label={t('action.close')} onClick={close} />
    </search>
  )
}

function FilterBar({ announce, onAnnounce }: { announce: Announce; onAnnounce: (announce: Announce) => void }) {
  const { categories, setCategories } = useTranscriptContext('FilterBar')
  const { t } = useLanguage()
  const id = useId()
  return (
    <div className="cg-transcript-bar">
      <fieldset>
        <legend>{t('transcript.filterLabel')}</legend>
        {allCategories.map((category) => (
          <label key={category} className="cg-check">
            <input
              type="checkbox"
              checked={categories.has(category)}
              onChange={(event) => {
                const next = new Set(categories)
                if (event.currentTarget.checked) next.add(category)
                else next.delete(category)
                setCategories(next)
              }}
            />
            {t(`transcript.filter.${category}`)}
          </label>
        ))}
      </fieldset>
      <label className="cg-check cg-transcript-announce" htmlFor={id}>
        {t('transcript.announce')}
        <select
          id={id}
          className="cg-input"
          value={announce}
          onChange={(event) => onAnnounce(event.currentTarget.value as Announce)}
        >
          {(['all', 'caller', 'off'] as const).map((it) => (
            <option key={it} value={it}>
              {t(`transcript.announce.${it}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function ExportMenu() {
  const { all, callId } = useTranscriptContext('ExportMenu')
  const language = useLanguage()
  const { t } = language
  const copy = useCopy()
  return (
    <Menu
      icon="download"
      label={t('transcript.export')}
      items={[
        {
          label: t('transcript.copyAll'),
          run: () => copy(exportTranscript(all, 'txt', language)),
        },
        ...exportFormats.map((format) => ({
          label: t('transcript.exportAs', { format: format.toUpperCase() }),
          run: () => download(all, format, language, callId),
        })),
      ]}
    />
  )
}
