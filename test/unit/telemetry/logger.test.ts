import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

function collect(level = 'info', options: { isTTY?: boolean; secrets?: string[] } = {}) {
  const lines: string[] = []
  const logger = createLogger({
    level,
    stream: { write: (line: string) => lines.push(line), isTTY: options.isTTY ?? false },
    clock: { nowMs: () => 1_404_172_800_123 },
    secrets: options.secrets ?? [],
  })
  return { lines, logger }
}

describe('off a terminal', () => {
  test('an event is one JSON line: level, time, event, fields, text, in this order', () => {
    const { lines, logger } = collect()
    logger.info('task.running', { partition: 3, offset: 9n }, 'The task runs')
    expect(lines).toEqual([
      '{"level":"info","time":1404172800123,"event":"task.running",' +
        '"partition":3,"offset":"9","msg":"The task runs"}\n',
    ])
  })

  test('a text with line ends stays one line', () => {
    const { lines, logger } = collect()
    logger.warn('a.b', { text: 'one\ntwo\u2028three' }, 'x\r\ny')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/)
    expect(JSON.parse(lines[0] as string)).toMatchObject({ text: 'one\ntwo\u2028three' })
  })

  test('levels below the configured one are silent', () => {
    const all = { trace: 4, debug: 4, info: 3, warn: 2, error: 1, fatal: 0, silent: 0 }
    for (const [level, count] of Object.entries(all)) {
      const { lines, logger } = collect(level)
      for (const at of ['debug', 'info', 'warn', 'error'] as const) logger[at]('a.b')
      expect(lines).toHaveLength(count)
    }
    expect(() => collect('loud')).toThrow(AssertionError)
    expect(Object.keys(all)).toEqual(configSchema.shape.log.unwrap().shape.level.unwrap().options)
  })

  test('a child adds its fields, and fields of a line win', () => {
    const { lines, logger } = collect()
    const child = logger.child({ partition: 1, role: 'task' }).child({ incarnation: 2 })
    child.error('task.failed', { role: 'restore' })
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      event: 'task.failed',
      partition: 1,
      incarnation: 2,
      role: 'restore',
    })
  })

  test('fields cannot take the place of what every line has', () => {
    const { lines, logger } = collect()
    logger.info('a.b', { level: 'x', time: 1, event: 'y', msg: 'z' }, 'text')
    const line = lines[0] as string
    expect(line.match(/"(level|time|event|msg)":/g)).toHaveLength(4)
    expect(JSON.parse(line)).toMatchObject({ event: 'a.b', msg: 'text', event_: 'y', msg_: 'z' })
  })

  test('secrets are masked in fields, errors, texts and what a child carries', () => {
    const { lines, logger } = collect('info', { secrets: ['hunter22'] })
    const child = logger.child({ password: 'x1y2z3', via: 'hunter22' })
    child.info('kafka.failed', { error: new Error('login hunter22') }, 'with hunter22')
    expect(lines[0]).not.toMatch(/hunter22|x1y2z3/)
    expect(lines[0]).toContain('with [redacted]')
  })
})

describe('on a terminal', () => {
  function shown(line: string | undefined): string {
    return stripVTControlCharacters(line ?? '')
  }

  test('a line is for people: time of day in UTC, level, event, text, fields', () => {
    const { lines, logger } = collect('info', { isTTY: true })
    logger.info('task.running', { partition: 3, topic: 'a b', to: [1] }, 'The task runs')
    expect(shown(lines[0])).toBe(
      '00:00:00.123 info  task.running The task runs partition=3 topic="a b" to=[1]\n',
    )
  })

  test('an error is told by code and message', () => {
    const { lines, logger } = collect('info', { isTTY: true })
    const error = Object.assign(new Error('no broker'), { code: 'HEADRACE_X' })
    logger.error('kafka.failed', { error })
    expect(shown(lines[0])).toBe('00:00:00.123 error kafka.failed error="HEADRACE_X: no broker"\n')
  })

  test('data cannot move the cursor nor begin a line', () => {
    const { lines, logger } = collect('info', { isTTY: true })
    logger.info('a.b', { key: '\u001b[2J', other: 'x\ny' }, 'text\u001b]0;title\u0007')
    const line = shown(lines[0])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left.
    expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    expect(line).toContain('\\u001b[2J')
  })
})
