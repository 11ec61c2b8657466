import { expect, test } from 'vitest'
import { startTimeMs } from '../../../src/config/start-time.ts'

test('a start is earliest, latest, or a time that is UTC without a zone', () => {
  expect(startTimeMs('earliest')).toBeNull()
  expect(startTimeMs('latest')).toBeNull()
  expect(startTimeMs('2014-07-01')).toBe(Date.UTC(2014, 6, 1))
  expect(startTimeMs('2014-07-01 12:30')).toBe(Date.UTC(2014, 6, 1, 12, 30))
  expect(startTimeMs('2014-07-01T12:30:00+02:00')).toBe(Date.UTC(2014, 6, 1, 10, 30))
  for (const wrong of ['', 'Earliest', '2014-02-30', 'yesterday']) {
    expect(startTimeMs(wrong)).toBeUndefined()
  }
})
