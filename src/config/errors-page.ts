import { type ErrorEntry, errorTable } from '../errors.ts'

const intro = `# Errors

Generated from \`src/errors.ts\` by \`node scripts/docs.js\`. A message on stderr says what
happened, where and what to do; its code is in the log line and, for dead letters, in the
record's headers.

Exit codes: 0 fine (also after SIGTERM), 1 failed, 2 usage, 69 Kafka unreachable, refused, or a
topic missing, 70 a defect of headrace itself, 78 configuration, fingerprint or numerics
mismatch, 130 second Ctrl-C. The codes \`HEADRACE_RECORD_…\` belong to dead letters and end
nothing.
`

/** `CONFIG` of HEADRACE_CONFIG_INVALID. */
function areaOf(code: string): string {
  return code.split('_')[1] ?? ''
}

/** The text of `docs/errors.md`, from the table of errors. */
export function errorsPage(): string {
  const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(errorTable)
  const areas = [...new Set(entries.map(([code]) => areaOf(code)))].toSorted()
  const lines = areas.flatMap((area) => [
    '',
    `## ${area}`,
    '',
    '| code | what happened | exit code | try again? | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...entries
      .filter(([code]) => areaOf(code) === area)
      .map(([code, { sentence, exitCode, canRetry, remedy }]) => {
        const cells = [`\`${code}\``, sentence, String(exitCode), canRetry ? 'yes' : 'no', remedy]
        return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
      }),
  ])
  return `${intro}${lines.join('\n')}\n`
}
