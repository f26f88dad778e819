// Prints the last line of `npm test`: the numbers of passed, failed and skipped tests.
import { readFileSync, rmSync } from 'node:fs'

/**
 * Prints the totals from the JSON report of each run and returns the exit code. A run without passed tests fails.
 */
export function printTotals(runs) {
  const total = { passed: 0, failed: 0, skipped: 0, code: 0 }
  for (const { title, file, code } of runs) {
    const counts = countsOf(file) ?? { passed: 0, failed: 0, skipped: 0 }
    const { passed, skipped } = counts
    // An error outside of every test and file, such as an unhandled rejection.
    const failed = counts.failed || (code === 0 ? 0 : 1)
    if (runs.length > 1) process.stdout.write(`${title}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
    total.code ||= code || (passed === 0 ? 1 : 0)
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
  return total.code
}

/**
 * Returns the counts of a report. A file that failed outside its tests, such as in `beforeAll`, counts as one failed test.
 * Prints the names of skipped tests, then the failures outside tests.
 */
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
  for (const { fullName, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'pending' || status === 'skipped') process.stdout.write(`- skipped: ${fullName}\n`)
  }
  const failedFiles = testResults.filter(({ status }) => status === 'failed')
  const hasFailedTest = ({ assertionResults }) => assertionResults.some(({ status }) => status === 'failed')
  const failedOutside = failedFiles.filter((file) => !hasFailedTest(file))
  for (const { name, message } of failedFiles.filter((file) => file.message || failedOutside.includes(file))) {
    process.stderr.write(`✗ ${name}\n${message}\n`)
  }
  return { passed: numPassedTests, failed: numFailedTests + failedOutside.length, skipped: numPendingTests }
}
