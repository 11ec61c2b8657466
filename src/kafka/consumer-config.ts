import type { ConsumerConfig } from 'kafkajs'
import type { KafkaSettings } from './client.ts'

/** Within it a member must have joined again; one that is dead is out after its session timeout. */
export const rebalanceTimeoutMs = 30_000
const maxWaitMs = 250
const maxBytesPerPartition = 1024 * 1024

/** Of single requests; what comes after a crash is the source's affair. */
const retry = { initialRetryTime: 100, maxRetryTime: 2000, factor: 0.2, multiplier: 2, retries: 6 }

/** How the input is read, in kafkajs's terms. */
export function consumerConfig(
  kafka: KafkaSettings,
  groupId: string,
  restartOnFailure: (error: Error) => Promise<boolean>,
): ConsumerConfig {
  return {
    groupId,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    sessionTimeout: kafka.sessionTimeoutMs,
    heartbeatInterval: kafka.heartbeatIntervalMs,
    rebalanceTimeout: Math.max(rebalanceTimeoutMs, kafka.sessionTimeoutMs),
    maxWaitTimeInMs: maxWaitMs,
    maxBytesPerPartition,
    retry: { ...retry, restartOnFailure },
  }
}
