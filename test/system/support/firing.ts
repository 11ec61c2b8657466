import { until } from '../../integration/support/broker.ts'
import type { Alert, Labels, Prometheus } from './prometheus.ts'

const deadlineMs = 120_000

/** The alerts that fire now, but those of these names. */
async function firing(prometheus: Prometheus, ignored: readonly string[] = []): Promise<Alert[]> {
  const alerts = await prometheus.alerts()
  return alerts.filter(
    ({ state, labels }) => state === 'firing' && !ignored.includes(labels.alertname ?? ''),
  )
}

/** Which alert: its name, and the labels that it is to have. */
export type Wanted = { readonly alertname: string } & Labels

/** Waits until all of these fire, and returns them; fails with what fires instead. */
export async function fires(
  prometheus: Prometheus,
  wanted: readonly Wanted[],
): Promise<readonly Alert[]> {
  let last: Alert[] = []
  const allFire = async (): Promise<boolean> => {
    last = await firing(prometheus)
    return wanted.every((each) => last.some((alert) => isWanted(alert, each)))
  }
  const names = JSON.stringify(wanted)
  await until(`${names} to fire`, allFire, deadlineMs).catch((error: Error) => {
    throw new Error(`${error.message}; firing: ${namesOf(last).join(', ') || 'nothing'}`)
  })
  return last.filter((alert) => wanted.some((each) => isWanted(alert, each)))
}

/** Waits until none of these fires. */
export async function resolves(prometheus: Prometheus, wanted: readonly Wanted[]): Promise<void> {
  const isOver = async (): Promise<boolean> => {
    const alerts = await firing(prometheus)
    return !alerts.some((alert) => wanted.some((each) => isWanted(alert, each)))
  }
  await until(`${JSON.stringify(wanted)} to be over`, isOver, deadlineMs)
}

/** Waits until nothing fires but these; fails with what still does. */
export async function calms(
  prometheus: Prometheus,
  ignored: readonly string[] = [],
): Promise<void> {
  let last: Alert[] = []
  const isCalm = async (): Promise<boolean> => {
    last = await firing(prometheus, ignored)
    return last.length === 0
  }
  await until('nothing to fire', isCalm, deadlineMs).catch((error: Error) => {
    throw new Error(`${error.message}; firing: ${JSON.stringify(last)}`)
  })
}

/** Fails as soon as anything but these fires within this time. */
export async function staysCalm(
  prometheus: Prometheus,
  ms: number,
  ignored: readonly string[] = [],
): Promise<void> {
  const endMs = performance.now() + ms
  const isOver = async (): Promise<boolean> => {
    const alerts = await firing(prometheus, ignored)
    if (alerts.length > 0) throw new Error(`something fires: ${JSON.stringify(alerts)}`)
    return performance.now() >= endMs
  }
  await until('time to pass', isOver, ms + deadlineMs)
}

function isWanted({ labels }: Alert, wanted: Wanted): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}

/** Each name once. */
function namesOf(alerts: readonly Alert[]): string[] {
  return [...new Set(alerts.map(({ labels }) => labels.alertname ?? ''))].toSorted()
}
