import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadraceError } from '../errors.ts'
import { runCommand } from './command.ts'
import { type Distribution, kafkaVersion, provision } from './distribution.ts'
import type { BrokerRequest, WayResult } from './find-broker.ts'
import { freePorts } from './free-ports.ts'
import { parseJavaVersion } from './java-version.ts'
import { KafkaProcess } from './kafka-process.ts'

const minJavaVersion = 17
const maxAttempts = 3
const logTailLines = 8

/** A broker as a child process: Apache Kafka from Maven Central on the machine's own Java. */
export async function javaWay(request: BrokerRequest): Promise<WayResult> {
  const java = await findJava(request)
  if (java === null) return { missing: `there is no Java ${minJavaVersion} or later` }
  const cacheFolder = join(request.cacheFolder, 'headrace', 'kafka')
  const distribution = await provision({ ...request, java, cacheFolder })
  if (distribution === null) return { missing: 'there is no mvn to fetch Apache Kafka with' }
  return await startNode(java, distribution, cacheFolder, request)
}

/**
 * Starts a node on free ports, which the caller may choose. Throws HEADRACE_BROKER_START with the
 * end of its log when it does not come up.
 */
export async function startNode(
  java: string,
  distribution: Distribution,
  cacheFolder: string,
  request: BrokerRequest,
  choosePorts: () => Promise<number[]> = () => freePorts(2),
): Promise<WayResult> {
  for (let attempt = 1; ; attempt++) {
    const [port = 0, controllerPort = 0] = await choosePorts()
    const options = { java, distribution, port, controllerPort, ...request }
    const node = await KafkaProcess.spawn(options)
    try {
      await node.ready(request.clock, request.signal)
      return { brokers: [node.address], stop: () => node.stop() }
    } catch (error) {
      const log = node.logText()
      await node.stop()
      request.signal?.throwIfAborted()
      // Between looking for a free port and listening on it someone else may have taken it.
      if (attempt < maxAttempts && /BindException|already in use/i.test(log)) continue
      const file = join(cacheFolder, 'failed-start.log')
      await writeFile(file, log)
      for (const line of tail(log)) request.log(line)
      throw new HeadraceError(
        'HEADRACE_BROKER_START',
        `Apache Kafka ${kafkaVersion} did not start: ${(error as Error).message}; its log: ${file}`,
        { cause: error },
      )
    }
  }
}

/** The last lines of a log, without those of stack traces. */
function tail(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  return lines.slice(-logTailLines)
}

/** `java` of JAVA_HOME, else of the PATH; null when neither is recent enough. */
async function findJava(request: BrokerRequest): Promise<string | null> {
  const { env, signal } = request
  const candidates = env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin', 'java'), 'java'] : ['java']
  for (const java of candidates) {
    const result = await runCommand(java, ['-version'], { env, timeoutMs: 15_000, signal })
    if (result?.exitCode !== 0) continue
    if ((parseJavaVersion(result.output) ?? 0) >= minJavaVersion) return java
  }
  return null
}
