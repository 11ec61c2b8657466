import { pino } from 'pino'
import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { terminalLine } from './log-line.ts'
import { redact } from './redact.ts'

/** Those of pino, though nothing is logged at `trace` or `fatal`. */
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

export type LogFields = Readonly<Record<string, unknown>>

/**
 * One line an event, never one a record. `event` is a stable key, area first (`task.running`), on
 * which people search and alert; fields are plain values, an error goes under `error`.
 */
export interface Logger {
  debug(event: string, fields?: LogFields, message?: string): void
  info(event: string, fields?: LogFields, message?: string): void
  warn(event: string, fields?: LogFields, message?: string): void
  error(event: string, fields?: LogFields, message?: string): void
  /** A logger whose lines all carry these fields too. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  /** `log.level` of the configuration. */
  readonly level: string
  /** Standard error: standard output is data. A terminal gets readable lines, all else JSON. */
  readonly stream: { write(line: string): unknown; readonly isTTY?: boolean }
  readonly clock: Pick<Clock, 'nowMs'>
  /** Secret values of the configuration: masked wherever they turn up. */
  readonly secrets?: readonly string[]
}

/** The logger of a process. Asserts that the level is known: the configuration has checked it. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, stream, clock, secrets = [] } = options
  assert(logLevels.includes(level), `log level ${level} is one of ${logLevels.join(', ')}`)
  const write = stream.isTTY
    ? (line: string) => stream.write(terminalLine(line))
    : (line: string) => stream.write(line)
  const sink = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":${clock.nowMs()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void write(line) },
  )
  return bind(sink, {}, secrets)
}

type Sink = Record<
  'debug' | 'info' | 'warn' | 'error',
  (fields: object, message?: string) => void
> & {
  isLevelEnabled(level: string): boolean
}

const reserved = new Set(['level', 'time', 'event', 'msg'])

function bind(sink: Sink, bound: LogFields, secrets: readonly string[]): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}, message?: string): void => {
      if (!sink.isLevelEnabled(level)) return
      const line: Record<string, unknown> = { event }
      const clean = redact({ ...bound, ...fields }, secrets) as Record<string, unknown>
      // A second key of the line's own names would make the JSON ambiguous.
      for (const [name, value] of Object.entries(clean)) {
        line[reserved.has(name) ? `${name}_` : name] = value
      }
      if (message === undefined) sink[level](line)
      else sink[level](line, redact(message, secrets) as string)
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => bind(sink, { ...bound, ...fields }, secrets),
  }
}
