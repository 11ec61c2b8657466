import type { MeteredPlan, Round } from '../bench/metrics-service.ts'
import { startBenchedService } from './bench-metrics-service.ts'

/** What the bench asks of this process. */
export type ChildRequest =
  | { readonly type: 'steady'; readonly recordsPerSecond: number; readonly ms: number }
  | { readonly type: 'backlog'; readonly records: number }

export type ChildReply =
  | { readonly type: 'ready'; readonly url: string | null }
  | { readonly type: 'round'; readonly round: Round }

/** Entry of a process with one service, which ends when the bench that started it has gone. */
const plan = JSON.parse(process.argv[2] ?? '') as MeteredPlan
const service = await startBenchedService(plan)
const reply = (message: ChildReply): void => void process.send?.(message)

process.on('message', async (request: ChildRequest) => {
  const round =
    request.type === 'steady'
      ? await service.steady(request.recordsPerSecond, request.ms)
      : await service.backlog(request.records)
  reply({ type: 'round', round })
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
reply({ type: 'ready', url: service.url })
