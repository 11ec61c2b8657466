import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { command } from '../../../src/cli/demo.ts'
import { type DemoRecord, readDemoValues } from '../../../src/cli/demo-data.ts'
import { LiveSeries, produceLive } from '../../../src/cli/demo-live.ts'
import type { Clock } from '../../../src/clock.ts'
import { testIo } from './replay-support.ts'

const beginMs = Date.UTC(2026, 0, 5, 12)
const week = 336

function read({ key, value }: DemoRecord): { key: string; timeMs: number; passengers: number } {
  const { timestamp, passengers } = JSON.parse(value.toString())
  return { key: key.toString(), timeMs: Date.parse(timestamp), passengers }
}

/** A clock that moves by `stepMs` at each look, by waiting, and by hand. */
function movingClock(stepMs: number): Clock & { ms: number; wait(ms: number): Promise<void> } {
  const clock = {
    ms: beginMs,
    nowMs() {
      clock.ms += stepMs
      return clock.ms
    },
    monotonicMs: () => clock.ms,
    async wait(ms: number) {
      clock.ms += ms
    },
  }
  return clock
}

/** Runs until `count` records are sent; returns them with the time at which each was. */
async function produce(series: LiveSeries, clock: ReturnType<typeof movingClock>, count: number) {
  const controller = new AbortController()
  const sent: { key: string; timeMs: number; passengers: number; sentMs: number }[] = []
  const total = await produceLive({
    series,
    clock,
    signal: controller.signal,
    wait: clock.wait,
    async send(records) {
      sent.push(...records.map((record) => ({ ...read(record), sentMs: clock.ms })))
      if (sent.length >= count) controller.abort()
      return true
    },
  })
  expect(total).toEqual({ sent: sent.length, inDoubt: 0 })
  return sent
}

describe('LiveSeries', () => {
  test('each sequence is the bundled series from a week of its own, round and round', () => {
    const series = new LiveSeries(8, 50)
    expect([series.stepMs, series.sequences]).toEqual([160, 8])
    const values = readDemoValues()
    const loop = 30 * week
    const step = series.stepAt(beginMs)
    const records = series.recordsOf(step).map(read)
    expect(records.map(({ key }) => key)).toEqual(
      ['00', '03', '07', '11', '15', '18', '22', '26'].map((number) => `week-${number}`),
    )
    for (const [i, start] of [0, 3, 7, 11, 15, 18, 22, 26].entries()) {
      expect(records[i]?.passengers).toBe(values[(step + start * week) % loop])
    }
    expect(series.recordsOf(step + loop).map(read)[0]?.passengers).toBe(records[0]?.passengers)
  })

  test('the last of the thirty weeks is followed by the same weekday and time', () => {
    const series = new LiveSeries(1, 1)
    const values = readDemoValues()
    const first = (step: number) => series.recordsOf(step).map(read)[0]?.passengers
    expect([first(30 * week - 1), first(30 * week)]).toEqual([values[30 * week - 1], values[0]])
    expect((30 * week) % week).toBe(0)
    expect(values.length).toBeGreaterThanOrEqual(30 * week)
  })

  test('steps have ascending times of whole milliseconds, also where they are no such', () => {
    const series = new LiveSeries(7, 33)
    const step = series.stepAt(beginMs)
    const times = Array.from({ length: 1000 }, (_, i) => series.timeOf(step + i))
    expect(times.every(Number.isInteger)).toBe(true)
    expect(times.every((time, i) => i === 0 || time > times[i - 1]!)).toBe(true)
    expect(times.at(-1)! - times[0]!).toBeCloseTo((999 * 7000) / 33, -1)
  })
})

describe('produceLive', () => {
  test('sends every step once, in order, when it is due, with the time of now', async () => {
    const series = new LiveSeries(8, 400)
    const sent = await produce(series, movingClock(7), 4000)
    const steps = sent.filter(({ key }) => key === 'week-00').map(({ timeMs }) => timeMs)
    expect(steps.every((time, i) => i === 0 || time - steps[i - 1]! === 20)).toBe(true)
    expect(steps[0]! - beginMs).toBeLessThanOrEqual(20)
    expect(sent.every(({ timeMs, sentMs }) => timeMs <= sentMs)).toBe(true)
    expect(sent.every(({ timeMs, sentMs }) => sentMs - timeMs <= 40)).toBe(true)
  })

  test('started again it goes on where the clock is, and repeats nothing', async () => {
    const series = new LiveSeries(2, 100)
    const clock = movingClock(5)
    const before = await produce(series, clock, 50)
    const gapMs = 10_000
    clock.ms += gapMs
    const after = await produce(new LiveSeries(2, 100), clock, 50)
    const lastMs = before.at(-1)!.timeMs
    expect(after[0]!.timeMs).toBeGreaterThan(lastMs + gapMs - 50)
    expect(after[0]!.timeMs).toBeLessThan(lastMs + gapMs + 100)
    expect(read(series.recordsOf(series.stepAt(after[0]!.timeMs))[0]!)).toMatchObject({
      passengers: after[0]!.passengers,
    })
  })

  test('catches up with what a slow send delayed, but not with hours of sleep', async () => {
    const series = new LiveSeries(1, 10)
    const clock = movingClock(10)
    const controller = new AbortController()
    const times: number[] = []
    let sends = 0
    await produceLive({
      series,
      clock,
      signal: controller.signal,
      wait: clock.wait,
      async send(records) {
        times.push(...records.map((record) => read(record).timeMs))
        sends++
        if (sends === 3) clock.ms += 5_000
        if (sends === 6) clock.ms += 3_600_000
        if (sends === 9) controller.abort()
        return true
      },
    })
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    const jumps = gaps.filter((gap) => gap !== 100)
    expect(jumps).toHaveLength(1)
    expect(jumps[0]).toBeGreaterThan(3_600_000 - 60_000 - 200)
    expect(jumps[0]).toBeLessThan(3_600_000 - 60_000 + 200)
  })

  test('ends at the signal while it waits', async () => {
    const controller = new AbortController()
    const ended = produceLive({
      series: new LiveSeries(1, 1),
      clock: { nowMs: () => beginMs, monotonicMs: () => 0 },
      signal: controller.signal,
      wait: async (delayMs) => {
        expect(delayMs).toBe(1000)
        controller.abort()
      },
      send: () => Promise.reject(new Error('nothing is due')),
    })
    expect(await ended).toEqual({ sent: 0, inDoubt: 0 })
  })

  test('counts apart what nobody has acknowledged when the signal comes', async () => {
    const clock = movingClock(7)
    const controller = new AbortController()
    const sizes: number[] = []
    const ended = produceLive({
      series: new LiveSeries(4, 200),
      clock,
      signal: controller.signal,
      wait: clock.wait,
      async send(records) {
        sizes.push(records.length)
        if (sizes.length === 5) controller.abort()
        return !controller.signal.aborted
      },
    })
    const inDoubt = await ended.then((count) => count.inDoubt)
    expect(sizes).toHaveLength(5)
    expect(inDoubt).toBe(sizes[4])
    expect((await ended).sent).toBe(sizes.slice(0, 4).reduce((sum, size) => sum + size, 0))
  })
})

describe('the options', () => {
  async function refused(args: string[], yaml = ''): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'c.yaml')
    writeFileSync(file, `input: { topic: t }\ntask: { targets: [passengers] }\n${yaml}`)
    const words = args.map((word) => (word === 'FILE' ? file : word))
    const error = await command.run(words, testIo({})).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'HEADRACE_USAGE' })
    return (error as Error).message
  }

  test('of the producer and of the demo go not together', async () => {
    expect(await refused(['--produce', '--until-end'])).toContain('--until-end goes not with')
    expect(await refused(['--config', 'FILE'])).toContain('--config goes only with --produce')
    expect(await refused(['--produce'])).toContain('--config FILE')
  })

  test('have bounds', async () => {
    const produceArgs = ['--produce', '-c', 'FILE']
    expect(await refused([...produceArgs, '--sequences', '31'])).toContain('at most 30')
    expect(await refused([...produceArgs, '--sequences', '0'])).toContain('at least 1')
    expect(await refused([...produceArgs, '--speed', '8001'])).toContain('at most 8,000')
  })

  test('name a configuration that makes something of the records', async () => {
    const set = (value: string) => refused(['--produce', '-c', 'FILE', '--set', value])
    expect(await set('task.targets=[load]')).toContain('task.targets must be [passengers]')
    expect(await set('input.time=date')).toContain('input.time must be timestamp')
    expect(await set('input.key=station')).toContain('input.key must be absent')
    expect(
      await refused([
        '--produce',
        '-c',
        'FILE',
        '--set',
        'input.format=csv',
        '--set',
        'input.columns=[timestamp,passengers]',
      ]),
    ).toContain('input.format must be json')
  })
})
