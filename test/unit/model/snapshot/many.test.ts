import { test } from 'vitest'
import { checkManySnapshots } from './many.ts'

test.each(['full', 'network'] as const)(
  '%s: a snapshot taken while records go through many at a time is the state at its cut',
  (portfolio) => checkManySnapshots('wasm', portfolio, 3000),
)
