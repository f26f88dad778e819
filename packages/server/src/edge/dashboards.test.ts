/** The Grafana dashboard and the alert rules in `deploy` query metrics that a server has. */
import { readFileSync } from 'node:fs'
import { parser } from '@prometheus-io/lezer-promql'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { HostCallbackError, HostCallbackName } from '../base/host-callbacks.ts'
import type { WebhookOutcome } from '../http/webhooks.ts'
import type { RecordOutcome } from '../records/delivery.ts'
import { testServer } from '../testing/server.ts'
import type { ReconcileSource } from '../upkeep/reconciler.ts'

/** Metrics that the dashboard leaves out on purpose. */
const LEFT_OUT: readonly string[] = []

/** Labels that Prometheus adds, and the label of histogram buckets. */
const FOREIGN_LABELS: readonly string[] = ['job', 'instance']

interface Panel {
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}
interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly type: string; readonly definition?: string }[] }
}
interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const read = (path: string) => readFileSync(new URL(`../../../../deploy/${path}`, import.meta.url), 'utf8')
const dashboard = JSON.parse(read('grafana/callgather.json')) as Dashboard
const { groups } = parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const panelQueries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
)

/** A metric in a query, the values that its labels must have, and the labels by which the query groups. */
interface Selector {
  readonly name: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  readonly grouping: readonly string[]
}

/** Parses a PromQL expression. Throws at its first syntax error. */
function selectorsIn(query: string): readonly Selector[] {
  const text = query.replaceAll('$__rate_interval', '5m')
  const selectors: Selector[] = []
  const grouping: string[] = []
  const cursor = parser.configure({ strict: true }).parse(text).cursor()
  const textAt = (node: { from: number; to: number }) => text.slice(node.from, node.to)
  do {
    const { node } = cursor
    if (node.name === 'VectorSelector') {
      const name = node.getChild('Identifier')
      const list = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
      const matchers = list.map((matcher) => {
        const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((kind) => {
          const child = matcher.getChild(kind)
          return child ? textAt(child) : ''
        })
        return { label: label ?? '', operator: operator ?? '', value: JSON.parse(value ?? '""') as string }
      })
      selectors.push({ name: name ? textAt(name) : '', matchers, grouping })
    } else if (node.name === 'LabelName' && node.parent?.name === 'GroupingLabels') grouping.push(textAt(node))
  } while (cursor.next())
  return selectors
}

interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Reads the series of a metrics page. */
function seriesIn(page: string): readonly Series[] {
  return page.split('\n').flatMap((line) => {
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === undefined) return []
    return [
      {
        name,
        labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
      },
    ]
  })
}

const namesIn = (page: string) => [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)

const matchesValue = (operator: string, expected: string, actual: string | undefined) => {
  const isSame = operator.includes('~') ? new RegExp(`^(?:${expected})$`).test(actual ?? '') : actual === expected
  return operator.startsWith('!') ? !isSame : isSame
}

/** Returns what is wrong with a query, given the series of a server. */
function problemsOf(query: string, series: readonly Series[]): readonly string[] {
  return selectorsIn(query).flatMap(({ name, matchers, grouping }) => {
    const own = series.filter((each) => each.name === name)
    if (own.length === 0) return [`no metric is named ${name}`]
    const labels = [...matchers.map(({ label }) => label), ...grouping].filter(
      (label) => !FOREIGN_LABELS.includes(label),
    )
    const unknown = labels.filter((label) => !own.some((each) => label in each.labels))
    const ownMatchers = matchers.filter(({ label }) => !FOREIGN_LABELS.includes(label))
    const found = own.some((each) =>
      ownMatchers.every(({ label, operator, value }) => matchesValue(operator, value, each.labels[label])),
    )
    return [
      ...unknown.map((label) => `${name} has no label ${label}`),
      ...(found ? [] : [`no series of ${name} matches ${JSON.stringify(ownMatchers)}`]),
    ]
  })
}

describe('the dashboard and the alert rules', () => {
  let page = ''
  let series: readonly Series[] = []

  beforeAll(async () => {
    await using server = await testServer()
    // A histogram has no series before its first command.
    await server.webhook('call.answered')
    const refusal = { errors: [{ code: '90034', title: 'Call not answered yet' }] }
    server.upstream.replies.push({ status: 422, body: refusal }, {})
    await server.command('gather', {})
    await server.command('gather', {})
    page = await (await fetch(`${server.url}/metrics`)).text()
    series = seriesIn(page)
  })

  it.each(panelQueries)('the panel %s queries metrics and labels of a server: %s', (_, query) => {
    expect(problemsOf(query, series)).toEqual([])
  })

  it.each(rules.map(({ alert, expr }) => [alert, expr]))(
    'the alert %s queries metrics and labels of a server',
    (_, query) => {
      expect(problemsOf(query ?? '', series)).toEqual([])
    },
  )

  it('each counter with labels has a series at 0 for each of their values, so that an alert sees the first event', () => {
    const outcomes: Record<WebhookOutcome, true> = {
      ...{ appended: true, duplicate: true, conflict: true, foreign: true, hidden: true, erased: true },
      ...{ unverified: true, unreadable: true, unavailable: true },
    }
    const sources: Record<ReconcileSource, true> = { webhook_deliveries: true, call_events: true }
    const records: Record<RecordOutcome, true> = { delivered: true, failed: true, dead_lettered: true }
    const callbacks: Record<HostCallbackName, true> = {
      ...{ authenticate: true, authorize: true, mask: true, onSensitive: true, handler: true },
      ...{ auditSink: true, logger: true },
    }
    const reasons: Record<HostCallbackError['reason'], true> = { failed: true, timeout: true, invalid: true }
    const valuesOf = (name: string, label: string) =>
      [...new Set(series.filter((each) => each.name === name).map(({ labels }) => labels[label]))].sort()
    const keys = (values: Readonly<Record<string, true>>) => Object.keys(values).sort()
    expect(valuesOf('callgather_webhooks_total', 'outcome')).toEqual(keys(outcomes))
    expect(valuesOf('callgather_reconciled_events_total', 'source')).toEqual(keys(sources))
    expect(valuesOf('callgather_records_total', 'outcome')).toEqual(keys(records))
    expect(valuesOf('callgather_host_callback_failures_total', 'callback')).toEqual(keys(callbacks))
    expect(valuesOf('callgather_host_callback_failures_total', 'reason')).toEqual(keys(reasons))
    const counters = [...page.matchAll(/^# TYPE (callgather_\w+) counter/gm)].map(([, name]) => name)
    expect(counters.filter((name) => !series.some((each) => each.name === name))).toEqual([])
  })

  it('the dashboard shows every metric of a server that is not left out on purpose', () => {
    const shown = new Set(panelQueries.flatMap(([, query]) => selectorsIn(query).map(({ name }) => familyOf(name))))
    expect(namesIn(page).filter((name) => !shown.has(name) && !LEFT_OUT.includes(name))).toEqual([])
    expect(LEFT_OUT.filter((name) => shown.has(name) || !namesIn(page).includes(name))).toEqual([])
  })

  it('the variables of the dashboard are a data source and the labels of a metric of a server', () => {
    const { list } = dashboard.templating
    expect(list[0]).toMatchObject({ type: 'datasource', query: 'prometheus' })
    for (const { definition = '' } of list.slice(1)) {
      const [, selector = ''] = /^label_values\((.+), \w+\)$/.exec(definition) ?? []
      expect(problemsOf(selector, series)).toEqual([])
    }
  })

  it('the panels of the dashboard do not overlap', () => {
    const overlaps = dashboard.panels.flatMap((one, index) =>
      dashboard.panels.slice(index + 1).flatMap((other) => {
        const [a, b] = [one.gridPos, other.gridPos]
        const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
        return isApart ? [] : [`${one.title} and ${other.title}`]
      }),
    )
    expect(overlaps).toEqual([])
  })

  it('each alert has a severity, a summary and a runbook sentence', () => {
    for (const { labels, annotations } of rules) {
      expect(['critical', 'warning']).toContain(labels.severity)
      for (const text of [annotations.summary, annotations.runbook]) expect(text).toMatch(/^[A-Z`].+\.$/)
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  it.each([
    ['callgather_webhook_total', 'no metric is named callgather_webhook_total'],
    ['sum by (kind) (callgather_webhooks_total)', 'callgather_webhooks_total has no label kind'],
    ['callgather_webhooks_total{outcome="lost"}', 'no series of callgather_webhooks_total matches'],
  ])('the check finds what is wrong with the query %s', (query, problem) => {
    expect(problemsOf(query, series).join()).toContain(problem)
    expect(() => selectorsIn(`${query} >`)).toThrow()
  })
})

/** Returns the name of the metric to which a series of a histogram belongs. */
const familyOf = (name: string) => (name.includes('_seconds_') ? name.replace(/_(bucket|count|sum)$/, '') : name)
