/** Second run of the import check: tests left out, because a test may import any room and so closes cycles of folders. */
import rules, { testOnly } from './.dependency-cruiser.mjs'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [{ name: 'no cycle of folders', severity: 'error', scope: 'folder', from: {}, to: { circular: true } }],
  options: { ...rules.options, exclude: { path: `${rules.options.exclude.path}|${testOnly}` } },
}
