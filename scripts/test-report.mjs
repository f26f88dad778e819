// The last line of `npm test`: how many tests ran, and how they went.
import { readFileSync, rmSync } from 'node:fs'

/** Prints the closing line from vitest's JSON report; returns the exit code. No test at all is a failure. */
export function summarise(file, code) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file)
  } catch {
    process.stderr.write('✗ The tests left no report: the runner did not come to its end.\n')
    return code || 1
  }
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = report
  for (const { name, status, message } of testResults) {
    if (status === 'failed' && message) process.stderr.write(`✗ ${name}\n${message}\n`)
  }
  const skipped = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'pending' || status === 'skipped'),
  )
  for (const { fullName } of skipped) process.stdout.write(`- skipped: ${fullName}\n`)
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
  return code || (numPassedTests === 0 ? 1 : 0)
}
