import type { Clock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import type { KernelDevice } from '../kernels/index.ts'
import { NUMERICS_VERSION } from '../model/version.ts'
import type { Random } from '../random.ts'
import type { Engines } from './engine/engines.ts'
import { isDefect, toError } from './failure.ts'
import { fingerprint } from './fingerprint.ts'
import type { ServiceMetrics, TaskLogger } from './observe.ts'
import { PageFeed } from './page/feed.ts'
import { defaultQueueBounds, type QueueBounds } from './record-queue.ts'
import type { Scheduler } from './scheduler.ts'
import type { ServicePorts } from './task-context.ts'
import { TaskManager, type TaskStatus } from './task-manager.ts'

export interface ServiceOptions {
  readonly config: ServiceConfig
  readonly ports: ServicePorts
  readonly logger: TaskLogger
  readonly metrics: ServiceMetrics
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Jitter of waits; nothing of it reaches a model. */
  readonly random: Random
  /** A random name for each incarnation of a task. */
  createId(): string
  /** Where the models live; closed at the end. */
  readonly engines: Engines
  /** End as soon as one task has failed for good, not only when all have. */
  readonly failFast?: boolean
  /** Go on although input that a restore needs is gone. */
  readonly acceptGap?: boolean
  /** See `RestoreQuery`; absent: no. */
  readonly allowDifferentDevice?: boolean
  /** Where the kernel computes; absent: in this process. */
  readonly device?: KernelDevice
  readonly queueBounds?: QueueBounds
  /** Default: this program's. */
  readonly numerics?: number
}

export interface Service {
  /** Resolves once the service has stopped; rejects with what ended it. */
  readonly done: Promise<void>
  /**
   * Finishes the slice in hand, commits, leaves the group. Never rejects, and leaves a tenth of
   * `shutdown.timeoutMs` to those who close what is around the service.
   */
  stop(): Promise<void>
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] }
  tasks(): readonly TaskStatus[]
  /** What a live page shows. */
  readonly page: PageFeed
}

/**
 * Begins to learn from the input topic and to publish. Returns at once: joining the group,
 * restoring and running happen behind it, and end by `stop` or by a failure, which `done` tells.
 */
export function startService(options: ServiceOptions): Service {
  return new StreamService(options)
}

class StreamService implements Service {
  readonly done: Promise<void>
  readonly page: PageFeed
  readonly #options: ServiceOptions
  readonly #manager: TaskManager
  readonly #end = Promise.withResolvers<void>()
  #stopping: Promise<void> | null = null

  constructor(options: ServiceOptions) {
    this.#options = options
    const { config, ports, logger, metrics, clock, scheduler, random } = options
    const { topic } = config.input
    const numerics = options.numerics ?? NUMERICS_VERSION
    this.page = new PageFeed({ config, clock, scheduler, tasks: () => this.tasks() })
    this.#manager = new TaskManager(
      {
        config,
        ports,
        clock,
        scheduler,
        random,
        engines: this.page.listenTo(options.engines),
        fingerprint: fingerprint(config, numerics, options.device ?? 'host'),
        numerics,
        queueBounds: options.queueBounds ?? defaultQueueBounds,
        acceptGap: options.acceptGap ?? false,
        allowDifferentDevice: options.allowDifferentDevice ?? false,
        createId: () => options.createId(),
      },
      {
        logger,
        metrics,
        failFast: options.failFast ?? false,
        onFatal: (error) => void this.#shutdown(error),
      },
    )
    this.done = this.#end.promise
    // Whoever starts a service may look at `done` later.
    this.done.catch(() => {})
    logger.info('service.started', { name: config.name, topic })
    ports.source.start(this.#manager).catch((error) => {
      // A source that is stopped while it starts fails for no other reason.
      if (this.#stopping === null) void this.#shutdown(toError(error))
    })
  }

  stop(): Promise<void> {
    return this.#shutdown(null)
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    const reasons = this.#stopping === null ? this.#manager.reasons() : ['stopping']
    return { ready: reasons.length === 0, reasons }
  }

  tasks(): readonly TaskStatus[] {
    return this.#manager.status()
  }

  #shutdown(cause: Error | null): Promise<void> {
    // `done` tells of the first cause alone.
    if (this.#stopping !== null && cause !== null) {
      this.#options.logger.error('service.failed-stopping', { error: cause }, cause.message)
    }
    this.#stopping ??= this.#close(cause)
    return this.#stopping
  }

  async #close(cause: Error | null): Promise<void> {
    const { ports, logger, clock, config } = this.#options
    const beganMs = clock.monotonicMs()
    const deadlineMs = beganMs + config.shutdown.timeoutMs * 0.9
    logger.info('service.stopping', cause === null ? {} : { error: cause })
    // Leaving the group takes its share of the time that there is.
    const commitByMs = beganMs + config.shutdown.timeoutMs * 0.6
    const isClean =
      !isDefect(cause) && (await this.#within('commit', commitByMs, this.#manager.closeClean()))
    const isDropped = await this.#within('close', deadlineMs - 1, this.#manager.closeDirty())
    const isLeft = await this.#within('leave', deadlineMs, ports.source.stop())
    await this.#within('end workers', deadlineMs, this.#options.engines.close())
    const durationMs = Math.round(clock.monotonicMs() - beganMs)
    logger.info('service.stopped', { isClean: isClean && isDropped && isLeft, durationMs })
    if (cause === null) this.#end.resolve()
    else this.#end.reject(cause)
  }

  /** Whether a step of the shutdown came to a good end in time. */
  async #within(step: string, deadlineMs: number, work: Promise<void>): Promise<boolean> {
    const { scheduler, clock, logger } = this.#options
    const waitMs = Math.max(0, deadlineMs - clock.monotonicMs())
    const late = Promise.withResolvers<'late'>()
    const cancel = scheduler.after(waitMs, () => late.resolve('late'))
    const ended = work.then(
      () => null,
      (error: unknown) => toError(error),
    )
    const outcome = await Promise.race([ended, late.promise])
    cancel()
    if (outcome === null) return true
    logger.warn('service.stop-incomplete', {
      step,
      ...(outcome instanceof Error ? { error: outcome } : { waitedMs: Math.round(waitMs) }),
    })
    return false
  }
}
