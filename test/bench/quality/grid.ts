import type { TaskName } from '../datasets.ts'
import type { Job } from './run.ts'

const hidden = [16, 32, 64]
const windows = [16, 32]
const rates = ['[1e-3]', '[3e-4, 1e-3, 3e-3]', '[1e-3, 3e-3, 1e-2]']

/** A job for each point of the grid and task, all with one seed; a task's first is the default. */
export function gridJobs(tasks: readonly TaskName[], sets: readonly string[]): Job[] {
  const points = hidden.flatMap((size) =>
    windows.flatMap((window) =>
      rates.map((learningRates) => [
        `model.hidden=${size}`,
        `model.window=${window}`,
        `model.learningRates=${learningRates}`,
      ]),
    ),
  )
  return tasks.flatMap((task) =>
    [[], ...points].map((point) => ({
      task,
      seed: 1,
      variant: 'full' as const,
      sets: [...sets, ...point],
    })),
  )
}
