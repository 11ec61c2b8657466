import { HeadraceError } from '../../errors.ts'
import { placeOf } from '../restore.ts'
import type { Manifest } from '../snapshot-log.ts'
import type { AuditTopics } from './audit.ts'
import { loadSealed } from './begin.ts'
import { type ChangelogView, newestSnapshot, viewChangelog } from './changelog-view.ts'
import type { VerifyProcessor } from './expected.ts'

/** Looks at a changelog: two seals may come while the rows before the newest one are read. */
const triesMax = 3

/** A model with the newest sealed state of a partition. */
export interface LoadedState<P extends VerifyProcessor> {
  readonly processor: P
  readonly manifest: Manifest
  readonly view: ChangelogView
}

/**
 * Loads the newest sealed state; null where none was sealed yet. `check` is called with what the
 * changelog says, and throws where it must not be loaded. Throws `HEADRACE_TASK_SNAPSHOT_INVALID`
 * where the rows are not those of their seal.
 */
export async function loadNewest<P extends VerifyProcessor>(
  topics: Pick<AuditTopics, 'range' | 'changelog'>,
  place: { readonly topic: string; readonly partition: number },
  createProcessor: () => P,
  check: (view: ChangelogView) => void,
): Promise<LoadedState<P> | null> {
  const { partition } = place
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const { end } = await topics.range('changelog', partition)
    const view = await viewChangelog(topics.changelog, { partition, until: end - 1n })
    check(view)
    const sealed = newestSnapshot(view)
    if (sealed === null) return null
    const processor = createProcessor()
    if (await loadSealed(topics.changelog, partition, sealed, processor)) {
      return { processor, manifest: sealed.manifest, view }
    }
  }
  throw new HeadraceError(
    'HEADRACE_TASK_SNAPSHOT_INVALID',
    `${placeOf(place)}: the rows of the newest snapshot in the changelog are not those of its ` +
      'manifest. While the input still holds all records from the first offset of the ' +
      'application on, learn it anew: under a new application name, or after ' +
      '`headrace topics --reset`.',
  )
}
