import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import { type CommandResult, runCommand } from './command.ts'
import { brokerProperties, propertiesText } from './properties.ts'

export const kafkaVersion = '4.1.0'
/** Raised when what is cached for one version of Kafka changes. */
const layoutVersion = 1
/** 22 characters of base64, as Kafka wants it: the same in every copy of the template. */
const clusterId = 'aGVhZHJhY2UtYnJva2VyMQ'
const mavenPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const downloadTimeoutMs = 300_000
const formatTimeoutMs = 30_000
const abandonedAfterMs = 3_600_000
const temporaryPrefix = 'incomplete-'

/** slf4j-simple writes to stderr; without a back end slf4j complains and says nothing else. */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>headrace</groupId>
  <artifactId>broker</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`

/** Heap and compiler flags of a small node that should be up soon. */
export const javaFlags = [
  '-Xms384m',
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
] as const

/** What Kafka logs once a node serves clients. */
export const startedLine = 'Kafka Server started'

/** Apache Kafka in the user's cache. */
export interface Distribution {
  /** For `-cp`. */
  readonly classPath: string
  /** A formatted, empty data folder to copy. */
  readonly template: string
}

export interface ProvisionOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The `java` to format with. */
  readonly java: string
  /** Our own folder in the user's cache. */
  readonly cacheFolder: string
  readonly clock: Clock
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Apache Kafka from the cache, or from Maven Central into the cache. The folder appears by one
 * rename, so processes that start at the same time cannot meet half of it. null: not cached, and
 * there is no `mvn`. Throws HEADRACE_BROKER_START when the download or the format fails.
 */
export async function provision(options: ProvisionOptions): Promise<Distribution | null> {
  const folder = join(options.cacheFolder, `${kafkaVersion}-${layoutVersion}`)
  const distribution = { classPath: join(folder, 'libs', '*'), template: join(folder, 'template') }
  if (existsSync(folder)) return distribution
  await mkdir(options.cacheFolder, { recursive: true })
  await removeAbandoned(options.cacheFolder, options.clock.nowMs())
  const temporary = await mkdtemp(join(options.cacheFolder, temporaryPrefix))
  try {
    if (!(await download(temporary, options))) return null
    await format(temporary, options)
    await rename(temporary, folder).catch((error: unknown) => {
      // Another process was first: its folder is as good as ours.
      if (!existsSync(folder)) throw error
    })
    return distribution
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Processes that were killed while they filled the cache leave their folder behind. */
async function removeAbandoned(cacheFolder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    if (!name.startsWith(temporaryPrefix)) continue
    const folder = join(cacheFolder, name)
    const info = await stat(folder).catch(() => null)
    if (info !== null && nowMs - info.mtimeMs > abandonedAfterMs) {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Copies Kafka's jars into `libs`. False when there is no `mvn`. */
async function download(folder: string, options: ProvisionOptions): Promise<boolean> {
  const run = (args: readonly string[]): Promise<CommandResult | null> =>
    runCommand('mvn', args, {
      env: options.env,
      timeoutMs: downloadTimeoutMs,
      cwd: folder,
      signal: options.signal,
    })
  if ((await run(['--version'])) === null) return false
  options.log(`Fetching Apache Kafka ${kafkaVersion} from Maven Central, once (43 MB) …`)
  await writeFile(join(folder, 'pom.xml'), pom)
  const libs = join(folder, 'libs')
  const result = await run([
    '-B',
    '-q',
    mavenPlugin,
    '-DincludeScope=runtime',
    `-DoutputDirectory=${libs}`,
  ])
  if (result === null || result.exitCode !== 0) {
    throw failure(
      `mvn could not fetch Apache Kafka ${kafkaVersion} from Maven Central`,
      result,
      downloadTimeoutMs,
    )
  }
  return true
}

/** Formats a data folder as `template`. It knows its cluster and node, no path and no port. */
async function format(folder: string, options: ProvisionOptions): Promise<void> {
  const endpoint = '127.0.0.1:9092'
  const properties = brokerProperties(
    { listener: endpoint, advertised: endpoint, controller: '127.0.0.1:9093' },
    { 'log.dirs': join(folder, 'template') },
  )
  const file = join(folder, 'format.properties')
  await writeFile(file, propertiesText(properties))
  const main = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file]
  const result = await runCommand(
    options.java,
    [...javaFlags, '-cp', join(folder, 'libs', '*'), ...main],
    { env: options.env, timeoutMs: formatTimeoutMs, signal: options.signal },
  )
  if (result === null || result.exitCode !== 0) {
    throw failure("Kafka's data folder could not be formatted", result, formatTimeoutMs)
  }
  await rm(file)
}

function failure(what: string, result: CommandResult | null, timeoutMs: number): HeadraceError {
  const how =
    result === null
      ? 'the program has vanished'
      : result.exitCode === null
        ? `killed after ${timeoutMs / 1000} s`
        : `exit code ${result.exitCode}`
  const said = (result?.output ?? '').split('\n').filter((line) => line.includes('ERROR'))
  const detail = said[0] ?? result?.output.split('\n').at(-1) ?? ''
  return new HeadraceError('HEADRACE_BROKER_START', `${what} (${how}): ${detail.slice(0, 500)}`)
}
