import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { produce } from '../support/broker.ts'
import { createApp, expectedOutputs, learntUpTo, published, Run, rows } from './support.ts'

const partitions = [0, 1, 2]
const waves = 12
const perWave = 40

/** Starts, ends, kills or freezes processes of an application, as the seed wants it. */
class Storm {
  readonly log: string[] = []
  readonly ends: Promise<{ code: number | null; durationMs: number }>[] = []
  readonly #random: Random
  readonly #file: string
  #alive: Run[]

  constructor(seed: number, file: string) {
    this.#random = new Random(seed)
    this.#file = file
    this.#alive = [new Run(file), new Run(file)]
  }

  async next(): Promise<void> {
    const action = this.#random.uniform()
    const chance = this.#random.uniform()
    const run = this.#alive[Math.floor(chance * this.#alive.length)]
    if (run === undefined || this.#alive.length < 2 || (action < 0.25 && this.#alive.length < 4)) {
      this.start()
    } else if (action < 0.5) {
      this.log.push('SIGTERM')
      this.#forget(run)
      this.#terminate(run)
    } else if (action < 0.75) {
      this.log.push('SIGKILL')
      this.#forget(run)
      await run.kill()
    } else {
      const forMs = action < 0.87 ? 300 : 4_000
      this.log.push(`SIGSTOP for ${forMs} ms`)
      run.child.kill('SIGSTOP')
      setTimeout(() => run.child.kill('SIGCONT'), forMs)
    }
    await delay(200 + this.#random.uniform() * 1_300)
  }

  start(): Run {
    this.log.push('start')
    const run = new Run(this.#file)
    this.#alive.push(run)
    return run
  }

  /** SIGTERM to all that are left. */
  end(): void {
    for (const run of this.#alive) this.#terminate(run)
  }

  #terminate(run: Run): void {
    run.child.kill('SIGCONT')
    const end = run.terminate()
    // Before it has read its own code, a process knows no better than to die of a signal.
    if (run.lines.length > 0) this.ends.push(end)
  }

  #forget(run: Run): void {
    this.#alive = this.#alive.filter((each) => each !== run)
  }
}

test('while processes come, go, freeze and die, every record has its one output', async () => {
  const seed = Math.floor(performance.timeOrigin) % 100_000
  const app = await createApp(partitions.length, { commit: { intervalMs: 20 } })
  const storm = new Storm(seed, app.file)
  for (let wave = 0; wave < waves; wave++) {
    for (const partition of partitions) {
      await produce(app.topics.input, rows(wave * perWave, (wave + 1) * perWave, partition))
    }
    await storm.next()
  }
  const last = storm.start()
  const ends = partitions.map(() => waves * perWave)
  await learntUpTo(app, ends, last)
  storm.end()
  const context = `seed ${seed}: ${storm.log.join(', ')}`
  for (const { code, durationMs } of await Promise.all(storm.ends)) {
    expect(code, context).toBe(0)
    expect(durationMs, context).toBeLessThan(20_000)
  }
  for (const partition of partitions) {
    expect(await published(app, partition), context).toEqual(await expectedOutputs(app, partition))
  }
})
