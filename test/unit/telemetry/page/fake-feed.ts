import type { Choice } from '../../../../src/telemetry/page/client/protocol.ts'
import type { FeedPoints, FeedViewer, PageFeed } from '../../../../src/telemetry/page/feed.ts'

/** A feed that says what a test wants, and counts what is asked of it. */
export class FakeFeed implements PageFeed {
  readonly facts = {
    kind: 'forecast' as const,
    application: 'taxi',
    topic: 'rides',
    targets: ['passengers', 'fares'],
    horizons: [1, 5],
    levels: [0.8],
  }
  readonly watches: Choice[] = []
  readonly viewers = new Set<FeedViewer>()
  readonly searches: [string, number][] = []
  ticks = 0
  found: Awaited<ReturnType<PageFeed['search']>> = {
    sequences: [{ partition: 0, sequence: 'jfk' }],
    isCut: true,
  }

  tick(): void {
    this.ticks++
  }

  status(choice: Choice): ReturnType<PageFeed['status']> {
    return {
      timeMs: 1_700_000_000_000,
      recordsPerSecond: Number.NaN,
      tasks: [],
      deadLetters: { total: 0, recent: [] },
      scores: [],
      symbols: [],
      labels: [],
      skill: null,
      coverage: [{ level: choice.horizon, coverage: 0.8, width: Number.NaN }],
    }
  }

  watch(wanted: Choice, viewer: FeedViewer): () => void {
    this.watches.push(wanted)
    this.viewers.add(viewer)
    viewer.onChoice({ ...wanted, partition: wanted.partition ?? 2 })
    return () => void this.viewers.delete(viewer)
  }

  async search(text: string, limit: number): ReturnType<PageFeed['search']> {
    this.searches.push([text, limit])
    return this.found
  }

  tell(points: FeedPoints): void {
    for (const viewer of this.viewers) viewer.onPoints(points)
  }
}
