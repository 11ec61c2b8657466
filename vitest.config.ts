import { configDefaults, defineConfig } from 'vitest/config'

/**
 * Unit tests that look at a module as it is when first loaded or at what the engine allocates, or
 * that stand in for a module: each has a process of its own. All others share a few, which halves
 * the time of a run.
 */
const apart = [
  'test/unit/kafka/**/*.test.ts',
  'test/unit/record/encode-*.test.ts',
  'test/unit/task/engine/worker-engines.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{unit,contract,golden,sim,regression,bench}/**/*.test.ts',
            'test/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...apart],
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'unit-apart', include: apart, testTimeout: 60_000 },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // `npm run test:system`: needs programs of other people.
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude: ['test/system/stack.test.ts'],
          globalSetup: ['test/integration/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // `npm run test:stack`: needs a Docker engine, and is part of no other run.
        test: { name: 'stack', include: ['test/system/stack.test.ts'] },
      },
    ],
  },
})
