import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../src/clock.ts'
import { openTask, type TaskName } from '../datasets.ts'
import type { QualityData } from './data.ts'
import { type Job, type Outcome, runJob } from './run.ts'

/** What a worker is started with. */
export interface WorkerStart {
  readonly folder: string | undefined
}

/** What a worker answers a job with. */
export type Answer = { readonly outcome: Outcome } | { readonly error: string }

// Runs one job after another; the data of the newest task are kept for the next one.
const { folder } = workerData as WorkerStart
let kept: { task: TaskName; data: readonly QualityData[] } | undefined

parentPort?.on('message', (job: Job) => {
  parentPort?.postMessage(answerTo(job))
})

function answerTo(job: Job): Answer {
  try {
    if (kept?.task !== job.task) kept = { task: job.task, data: openTask(job.task, folder) }
    return { outcome: runJob(job, kept.data, systemClock) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
