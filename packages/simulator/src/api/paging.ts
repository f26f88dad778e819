/** Telnyx's flat pages: `page[number]`, `page[size]` in, `meta` out. */

export interface Page<Row> {
  data: Row[]
  meta: { page_number: number; page_size: number; total_pages: number; total_results: number }
}

const USUAL_SIZE = 20
const LARGEST_SIZE = 250

export function pageOf<Row, Shown = Row>(
  rows: readonly Row[],
  query: URLSearchParams,
  show: (row: Row) => Shown = (row) => row as unknown as Shown,
): Page<Shown> {
  const page_size = between(query.get('page[size]'), USUAL_SIZE, LARGEST_SIZE)
  const page_number = between(query.get('page[number]'), 1, Number.MAX_SAFE_INTEGER)
  const start = (page_number - 1) * page_size
  return {
    data: rows.slice(start, start + page_size).map(show),
    meta: { page_number, page_size, total_pages: Math.ceil(rows.length / page_size), total_results: rows.length },
  }
}

function between(text: string | null, usual: number, most: number): number {
  const value = text !== null && /^\d+$/.test(text) ? Number(text) : usual
  return Math.min(Math.max(1, value), most)
}
