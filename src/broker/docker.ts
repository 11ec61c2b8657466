import type { StartedTestContainer } from 'testcontainers'
import { HeadraceError } from '../errors.ts'
import { kafkaVersion, startedLine } from './distribution.ts'
import { type DockerEndpoint, ensureImage, findDockerEndpoint } from './docker-engine.ts'
import type { BrokerRequest, WayResult } from './find-broker.ts'
import { freePorts } from './free-ports.ts'
import { brokerProperties, propertiesEnvironment } from './properties.ts'

const image = { name: 'apache/kafka', tag: kafkaVersion } as const
const imageName = `${image.name}:${image.tag}`
const pullTimeoutMs = 60_000
const startTimeoutMs = 60_000
const clientPort = 9092

/** A broker in a container of testcontainers, whose reaper removes it when we are killed. */
export async function dockerWay(request: BrokerRequest): Promise<WayResult> {
  const endpoint = await findDockerEndpoint(request.env)
  if (endpoint === null) return { missing: 'no Docker engine answers' }
  // A development dependency: a package that was installed does not have it.
  const testcontainers = await import('testcontainers').catch(() => null)
  if (testcontainers === null) {
    return { missing: 'Docker is used by the package testcontainers, which is not installed' }
  }
  await pull(endpoint, request)
  try {
    return await startContainer(testcontainers, request)
  } catch (error) {
    throw failure(`the container of ${imageName} did not start`, error)
  }
}

async function pull(endpoint: DockerEndpoint, request: BrokerRequest): Promise<void> {
  const timeout = AbortSignal.timeout(pullTimeoutMs)
  const signal = AbortSignal.any([timeout, ...(request.signal ? [request.signal] : [])])
  try {
    await ensureImage(endpoint, image, signal)
  } catch (error) {
    const reason = timeout.aborted ? new Error(`not in ${pullTimeoutMs / 1000} s`) : error
    throw failure(`Docker cannot pull ${imageName}`, reason)
  }
}

async function startContainer(
  testcontainers: typeof import('testcontainers'),
  request: BrokerRequest,
): Promise<WayResult> {
  const client = await testcontainers.getContainerRuntimeClient()
  const { host } = client.info.containerRuntime
  const [port = 0] = await freePorts(1)
  const address = `${host}:${port}`
  const properties = brokerProperties(
    { listener: `0.0.0.0:${clientPort}`, advertised: address, controller: '127.0.0.1:9093' },
    request.properties,
  )
  const container: StartedTestContainer = await new testcontainers.GenericContainer(imageName)
    .withExposedPorts({ container: clientPort, host: port })
    .withEnvironment(propertiesEnvironment(properties))
    .withWaitStrategy(testcontainers.Wait.forLogMessage(startedLine))
    .withStartupTimeout(startTimeoutMs)
    .start()
  const stop = async (): Promise<void> => {
    await container.stop({ timeout: 0 })
  }
  if (request.signal?.aborted) await stop()
  request.signal?.throwIfAborted()
  return { brokers: [address], stop }
}

function failure(what: string, error: unknown): HeadraceError {
  const message = (error as Error).message.split('\n')[0] ?? ''
  return new HeadraceError('HEADRACE_BROKER_START', `${what}: ${message}`, { cause: error })
}
