// The last line of `npm test`: how many tests ran, and how they went.
import { readFileSync, rmSync } from 'node:fs'

/**
 * Prints the closing line from vitest's JSON reports, one of each run; returns the exit code. A run without a test is a
 * failure.
 */
export function selectCallSummary(runs) {
  const total = { passed: 0, failed: 0, skipped: 0, code: 0 }
  for (const { title, file, code } of runs) {
    const { passed = 0, failed = 0, skipped = 0 } = countsOf(file) ?? {}
    if (runs.length > 1) process.stdout.write(`${title}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
    total.code ||= code || (passed === 0 ? 1 : 0)
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
  return total.code
}

/** The counts of a report, whose failures outside of tests are printed, as are the names of what was skipped. */
function countsOf(file) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file)
  } catch {
    process.stderr.write('✗ The tests left no report: the runner did not come to its end.\n')
    return null
  }
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = report
  for (const { name, status, message } of testResults) {
    if (status === 'failed' && message) process.stderr.write(`✗ ${name}\n${message}\n`)
  }
  const skipped = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'pending' || status === 'skipped'),
  )
  for (const { fullName } of skipped) process.stdout.write(`- skipped: ${fullName}\n`)
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests }
}
