/** How much is measured. */
export interface ServiceScale {
  /** Records of the backlog with one network, and of those with 1,000 sequences. */
  readonly backlogRecords: number
  /** Records of the backlog with the full portfolio, which takes four times as long. */
  readonly fullRecords: number
  /** Rounds of service and replay. */
  readonly rounds: number
  readonly latencyWarmUpSeconds: number
  readonly latencySeconds: number
  /** Of each way of a kill. */
  readonly kills: number
  readonly stalls: number
  readonly restarts: number
  /** How long a service runs undisturbed before each disturbance, and is looked at behind it. */
  readonly calmMs: number
  readonly idleWarmUpSeconds: number
  readonly idleSeconds: number
}

/** For figures: some ten minutes. */
export const wholeScale: ServiceScale = {
  backlogRecords: 400_000,
  fullRecords: 100_000,
  rounds: 3,
  latencyWarmUpSeconds: 10,
  latencySeconds: 20,
  kills: 5,
  stalls: 3,
  restarts: 3,
  calmMs: 3_000,
  idleWarmUpSeconds: 10,
  idleSeconds: 20,
}

/** To see that everything works: its figures say nothing. */
export const quickScale: ServiceScale = {
  backlogRecords: 40_000,
  fullRecords: 20_000,
  rounds: 1,
  latencyWarmUpSeconds: 1,
  latencySeconds: 2,
  kills: 1,
  stalls: 1,
  restarts: 1,
  calmMs: 500,
  idleWarmUpSeconds: 1,
  idleSeconds: 2,
}
