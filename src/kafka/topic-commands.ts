import type { TopicRemark } from './topic-explain.ts'

/** Remarks on a topic with the commands that meet them. */
export interface Remedied {
  readonly remarks: readonly TopicRemark[]
  readonly commands: readonly string[]
}

/**
 * The commands of Kafka's own distribution that bring the wanted values about, notes left out. What
 * takes more than a command has none: fewer partitions, more copies.
 */
export function remedyCommands(
  topic: string,
  remarks: readonly TopicRemark[],
  server: string,
): string[] {
  const commands: string[] = []
  const wanted = remarks.filter((remark) => remark.level !== 'note' && remark.wanted !== null)
  const partitions = wanted.find(({ setting }) => setting === 'partitions')
  if (partitions !== undefined && Number(partitions.wanted) > Number(partitions.present)) {
    commands.push(
      `kafka-topics.sh --bootstrap-server ${server} --alter --topic ${topic} ` +
        `--partitions ${partitions.wanted}`,
    )
  }
  const values = wanted
    .filter(({ setting }) => setting !== 'partitions' && setting !== 'replication.factor')
    .map((remark) => `${remark.setting}=${remark.wanted}`)
  if (values.length > 0) {
    commands.push(
      `kafka-configs.sh --bootstrap-server ${server} --alter --entity-type topics ` +
        `--entity-name ${topic} --add-config ${values.join(',')}`,
    )
  }
  return commands
}
