import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Job, Outcome } from './run.ts'
import type { Answer, WorkerStart } from './worker.ts'

/** Tasks by how long they take, so that the last jobs are short ones. */
const longestFirst = ['m4', 'ett', 'drift', 'taxi', 'bikes', 'exchange']

export interface PoolOptions {
  /** Folder of the data; undefined for what comes with headrace. */
  readonly folder: string | undefined
  /** Jobs that run at the same time, each in a thread of its own. */
  readonly jobsMax: number
  /** Ends the threads at once. */
  readonly signal: AbortSignal
  readonly onDone: (outcome: Outcome) => void
}

/**
 * Runs all jobs; outcomes stand in the order of the jobs, whatever the order they end in.
 * @throws Error what a job says it failed of; the signal's reason where it is aborted
 */
export async function runJobs(jobs: readonly Job[], options: PoolOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const queue = jobs
    .map((job, index) => ({ job, index }))
    .toSorted((a, b) => rank(a.job) - rank(b.job))
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const work = async () => {
    const start: WorkerStart = { folder: options.folder }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: start })
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        worker.postMessage(next.job)
        const [answer] = (await once(worker, 'message', { signal })) as [Answer]
        if ('error' in answer) throw new Error(answer.error)
        outcomes[next.index] = answer.outcome
        options.onDone(answer.outcome)
      }
    } catch (error) {
      failure.abort(error)
      throw error
    } finally {
      await worker.terminate()
    }
  }
  const threads = Math.min(options.jobsMax, jobs.length)
  const ended = await Promise.allSettled(Array.from({ length: threads }, work))
  options.signal.throwIfAborted()
  if (failure.signal.aborted) throw failure.signal.reason
  if (ended.some(({ status }) => status === 'rejected')) throw new Error('a thread has ended.')
  return outcomes
}

function rank({ task, variant }: Job): number {
  return longestFirst.indexOf(task) * 2 + (variant === 'full' ? 0 : 1)
}
