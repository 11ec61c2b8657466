type Fields = Readonly<Record<string, unknown>>

/** What this folder logs to; `event` is a stable key. */
export interface KafkaLogger {
  debug(event: string, fields?: Fields, message?: string): void
  info(event: string, fields?: Fields, message?: string): void
  warn(event: string, fields?: Fields, message?: string): void
}

/** For commands that report by their result alone. */
export const silentLogger: KafkaLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
}

/**
 * kafkajs's own lines, all at debug: what it logs as ERROR it either tries again or hands to its
 * caller, who reports it once and in context.
 */
export function logCreator(logger: KafkaLogger) {
  return () =>
    (entry: { namespace: string; label: string; log: { message: string } & Fields }): void => {
      const { message, timestamp: _timestamp, logger: _logger, ...fields } = entry.log
      logger.debug(
        'kafka.client',
        { ...fields, namespace: entry.namespace, severity: entry.label },
        message,
      )
    }
}
