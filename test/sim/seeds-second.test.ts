import { test } from 'vitest'
import { runHalf } from './support/seeds.ts'

/** A soak by HEADRACE_SIM_SEEDS may take hours. */
const timeoutMs = 86_400_000

test(
  'after any schedule of faults everything is as after an undisturbed run: second half',
  () => runHalf(1),
  timeoutMs,
)
