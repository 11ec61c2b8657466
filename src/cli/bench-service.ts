import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchRun } from '../bench/rounds.ts'
import type { KernelName } from '../bench/rows.ts'
import type { ServiceRow } from '../bench/service/rows.ts'
import type { ServiceScale } from '../bench/service/scale.ts'
import { benchService, type ServicePart } from '../bench/service/service.ts'
import { type Broker, findBroker } from '../broker/find-broker.ts'
import { loadConfig } from '../config/load.ts'
import { HeadraceError } from '../errors.ts'
import { KafkaCluster } from './bench-service-cluster.ts'
import type { Io } from './command.ts'

export interface ServiceBenchPlan {
  readonly kernel: KernelName
  readonly parts: readonly ServicePart[]
  readonly scale: ServiceScale
}

/**
 * Finds or starts a broker and measures the service on it; leaves no topic, file or process.
 * @throws HeadraceError HEADRACE_KAFKA_UNREACHABLE, HEADRACE_BENCH_FAILED
 */
export async function runServiceBench(
  { kernel, parts, scale }: ServiceBenchPlan,
  run: BenchRun,
  io: Io,
): Promise<ServiceRow[]> {
  const broker = await openBroker(run, io)
  const folder = mkdtempSync(join(tmpdir(), 'headrace-bench-'))
  const cluster = new KafkaCluster(kafkaSettings(broker.brokers))
  try {
    const program = fileURLToPath(new URL('../../bin/headrace.js', import.meta.url))
    const createId = () => randomUUID().slice(0, 8)
    const options = { ...run, cluster, kernel, scale, folder, program, env: io.env, createId }
    return await benchService(options, parts)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    // A broker of our own goes with all that is on it.
    await cluster.close().catch((error: unknown) => warn(io, error))
    await broker.stop()
  }
}

async function openBroker(run: BenchRun, io: Io): Promise<Broker> {
  const broker = await findBroker({
    env: io.env,
    log: (line) => io.stderr.write(`${line}\n`),
    signal: run.signal,
  })
  if (broker.kind !== 'none') return broker
  throw new HeadraceError('HEADRACE_KAFKA_UNREACHABLE', broker.message)
}

function warn(io: Io, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  io.stderr.write(`headrace: topics headrace-bench-… may be left behind: ${reason}\n`)
}

/** The defaults, for these brokers. */
function kafkaSettings(brokers: readonly string[]) {
  const option = 'headrace bench'
  const overrides = [
    { path: ['task', 'targets'], value: ['y'], option },
    { path: ['kafka', 'brokers'], value: [...brokers], option },
  ]
  return loadConfig({ env: {}, overrides }).config.kafka
}
