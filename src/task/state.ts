import { assert } from '../assert.ts'

/**
 * States of a stream task and their valid transitions:
 *
 *     CREATED ──▶ FENCING ──▶ RESTORING ──▶ RUNNING
 *        │           │            │            │
 *        ├───────────┴────────────┴────────────┤
 *        ▼                                     ▼
 *      CLOSED ◀──────────────────────────── FAILED
 *
 * CREATED: owned, nothing done. FENCING: the marker transaction that ends every predecessor.
 * RESTORING: reading the changelog, then replaying the input with outputs suppressed.
 * RUNNING: publishing. FAILED: stays until it is closed. CLOSED: final.
 */
export const taskStates = [
  'CREATED',
  'FENCING',
  'RESTORING',
  'RUNNING',
  'CLOSED',
  'FAILED',
] as const
export type TaskState = (typeof taskStates)[number]

const transitions: Readonly<Record<TaskState, readonly TaskState[]>> = {
  CREATED: ['FENCING', 'FAILED', 'CLOSED'],
  FENCING: ['RESTORING', 'FAILED', 'CLOSED'],
  RESTORING: ['RUNNING', 'FAILED', 'CLOSED'],
  RUNNING: ['FAILED', 'CLOSED'],
  FAILED: ['CLOSED'],
  CLOSED: [],
}

/** Asserts that a task may go from one state to the other. */
export function assertTransition(from: TaskState, to: TaskState): void {
  assert(
    transitions[from].includes(to),
    `a task goes from ${from} to one of its valid states, not to ${to}`,
  )
}
