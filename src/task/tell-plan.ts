import type { TaskLogger } from './observe.ts'
import type { RestorePlan } from './restore.ts'

/** Says what of a restore is not as usual; `device`: where this process computes. */
export function tellPlan(plan: RestorePlan, device: string, logger: TaskLogger): void {
  const { disagreeingGroupOffset, commit, gaps, hasNewGap, isOtherDevice } = plan
  if (isOtherDevice) {
    const message = 'Another device has learnt this; what it comes to here is compared.'
    logger.warn('task.device-changed', { device }, message)
  }
  if (disagreeingGroupOffset !== null) {
    const offsets = { groupOffset: disagreeingGroupOffset, ours: commit?.nextOffset }
    logger.warn('task.group-offset-ignored', offsets)
  }
  if (!hasNewGap) return
  const message = 'Input that the restore needs is gone; it goes on without it, as it was told.'
  logger.warn('task.gap-accepted', { ...gaps.at(-1) }, message)
}
