const labels: Readonly<Record<string, string>> = {
  debug: '\u001b[2mdebug\u001b[0m',
  info: '\u001b[32minfo\u001b[0m ',
  warn: '\u001b[33mwarn\u001b[0m ',
  error: '\u001b[31merror\u001b[0m',
}

/** One JSON line of the log → one line for a person: time, level, event, text, fields. */
export function terminalLine(json: string): string {
  const { level, time, event, msg, ...fields } = JSON.parse(json) as Record<string, unknown>
  const parts = [timeOfDay(Number(time)), labels[String(level)] ?? String(level), plain(event)]
  if (msg !== undefined) parts.push(plain(msg))
  for (const [name, value] of Object.entries(fields)) {
    parts.push(`\u001b[2m${plain(name)}=\u001b[0m${field(value)}`)
  }
  return `${parts.join(' ')}\n`
}

/** Time of day in UTC, as in every output of headrace. */
function timeOfDay(timeMs: number): string {
  const ms = ((timeMs % 86_400_000) + 86_400_000) % 86_400_000
  const digits = (value: number, width: number) => String(Math.floor(value)).padStart(width, '0')
  const clock = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map((x) => digits(x, 2))
  return `${clock.join(':')}.${digits(ms % 1_000, 3)}`
}

/** An error is told by code and message: its stack is in the JSON lines, off a terminal. */
function field(value: unknown): string {
  if (typeof value === 'string') {
    return value === '' || /[\s"=]/.test(value) ? plain(JSON.stringify(value)) : plain(value)
  }
  if (typeof value === 'object' && value !== null && 'message' in value && 'stack' in value) {
    const code = 'code' in value ? `${plain(value.code)}: ` : ''
    return plain(JSON.stringify(code + String(value.message)))
  }
  return plain(JSON.stringify(value))
}

/** Data must not move the cursor: control characters are shown as escapes, so a line stays one. */
function plain(value: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
