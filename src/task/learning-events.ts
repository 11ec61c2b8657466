import type { LearningReport, TaskLogger, TaskMetrics } from './observe.ts'

/**
 * Passes on how the model learns: to the metrics, and a log line for each drift and roll-back, and
 * where other seasons have been found.
 */
export function tellLearning(
  { metrics, logger }: { readonly metrics: TaskMetrics; readonly logger: TaskLogger },
  report: LearningReport,
): void {
  metrics.learning(report)
  for (const drift of report.drifts) {
    logger.info('model.drift', { ...drift }, 'The errors of the mixture have risen.')
  }
  for (const { seasons, before, records } of report.seasonChanges) {
    logger.info('model.seasons', { seasons, before, records }, seasonsMessage(seasons))
  }
  for (const rollback of report.rollbacks) {
    const message =
      'A network had become worse than a naive forecast: it goes on from its last good weights ' +
      'at a lower learning rate.'
    logger.warn('model.rolled-back', { ...rollback }, message)
  }
}

function seasonsMessage(seasons: readonly number[]): string {
  if (seasons.length === 0) return 'The stream has no season any more.'
  return `Seasons have been found: ${seasons.join(' and ')} steps.`
}
