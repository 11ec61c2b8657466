import { expect, test } from 'vitest'
import { AssertionError } from '../../../../src/assert.ts'
import { HeadraceError } from '../../../../src/errors.ts'
import { fromPlain, toPlain } from '../../../../src/task/engine/plain-error.ts'
import { isDefect, isFinal } from '../../../../src/task/failure.ts'

test.each([
  new HeadraceError('HEADRACE_TASK_HASH_MISMATCH', 'another hash'),
  new HeadraceError('HEADRACE_TASK_WORKER_LOST', 'gone'),
  new AssertionError('broken'),
  new TypeError('not a function'),
  new Error('anything'),
])('%s is told between threads, and judged as it was', (error) => {
  const told = fromPlain(structuredClone(toPlain(error)))
  expect([told.message, told.stack]).toEqual([error.message, error.stack])
  expect(told instanceof HeadraceError).toBe(error instanceof HeadraceError)
  expect((told as Partial<HeadraceError>).code).toBe((error as Partial<HeadraceError>).code)
  expect([isDefect(told), isFinal(told)]).toEqual([isDefect(error), isFinal(error)])
})
