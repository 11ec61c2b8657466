import { benchBacklog } from './backlog.ts'
import { benchIdle } from './idle.ts'
import { benchKill } from './kill.ts'
import { benchServiceLatency } from './latency.ts'
import { benchRestore } from './restore.ts'
import { benchRolling } from './rolling.ts'
import type { ServiceRow } from './rows.ts'
import { Stage, type StageOptions } from './stage.ts'
import { benchStall } from './stall.ts'

const parts = {
  backlog: benchBacklog,
  restore: benchRestore,
  latency: benchServiceLatency,
  kill: benchKill,
  stall: benchStall,
  rolling: benchRolling,
  idle: benchIdle,
} as const

export type ServicePart = keyof typeof parts

export const serviceParts = Object.keys(parts) as readonly ServicePart[]

/**
 * Measures `headrace run` in processes of its own against the cluster, one part after another; a
 * part leaves no process behind, whether it succeeds or not.
 */
export async function benchService(
  options: StageOptions,
  wanted: readonly ServicePart[],
): Promise<ServiceRow[]> {
  const rows: ServiceRow[] = []
  for (const [i, part] of wanted.entries()) {
    const onProgress = (fraction: number) => options.onProgress?.((i + fraction) / wanted.length)
    const stage = new Stage({ ...options, onProgress })
    try {
      rows.push(...(await parts[part](stage)))
    } finally {
      await stage.close()
    }
  }
  return rows
}
