// Prints the last line of `npm test`: the numbers of passed, failed and skipped tests.
import { readFileSync, rmSync } from 'node:fs'

/**
 * Prints the totals from the JSON report of each run and returns the exit code. A run without passed tests fails.
 */
export function printTotals(runs) {
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

/** Returns the counts of a report. Prints failures outside tests and the names of skipped tests. */
function countsOf(file) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file)
  } catch {
    process.stderr.write('✗ The test runner exited without a report. Read its output above.\n')
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
