import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { assertTransition, taskStates } from '../../../src/task/state.ts'

test('a task goes forward, fails from anywhere, and never leaves CLOSED', () => {
  const valid = taskStates.flatMap((from) =>
    taskStates
      .filter((to) => {
        try {
          assertTransition(from, to)
          return true
        } catch (error) {
          expect(error).toBeInstanceOf(AssertionError)
          return false
        }
      })
      .map((to) => `${from} ${to}`),
  )
  expect(valid).toEqual([
    'CREATED FENCING',
    'CREATED CLOSED',
    'CREATED FAILED',
    'FENCING RESTORING',
    'FENCING CLOSED',
    'FENCING FAILED',
    'RESTORING RUNNING',
    'RESTORING CLOSED',
    'RESTORING FAILED',
    'RUNNING CLOSED',
    'RUNNING FAILED',
    'FAILED CLOSED',
  ])
})
