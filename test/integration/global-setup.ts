import type { TestProject } from 'vitest/node'
import { findBroker } from '../../src/broker/find-broker.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port of the broker that all integration tests share. */
    brokers: readonly string[]
  }
}

/** One broker for the whole run. Without a way to Kafka the run fails: nothing is skipped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await findBroker({
    env: process.env,
    log: (line) => process.stderr.write(`${line}\n`),
  })
  if (broker.kind === 'none') throw new Error(broker.message)
  project.provide('brokers', broker.brokers)
  return () => broker.stop()
}
