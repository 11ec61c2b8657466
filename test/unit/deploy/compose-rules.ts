import { existsSync, globSync, readdirSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parse } from 'yaml'
import { loadServiceConfig } from '../../../src/config/load.ts'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import { type Compose, type ComposeService, mountsOf, ownServices } from './compose.ts'
import { readText, root } from './repository.ts'

/** Where compose.yaml is: its relative paths begin there. */
const folder = 'deploy'

/** What is wrong with the stack, a sentence each. */
export function composeProblems(compose: Compose): string[] {
  const services = Object.entries(compose.services)
  const unconfigured = ownServices(compose).flatMap(([name, service]) =>
    configProblems(name, service),
  )
  // All the rest leans on that.
  if (unconfigured.length > 0) return unconfigured
  return [
    ...services.flatMap(([name, service]) => hardeningProblems(name, service)),
    ...services.flatMap(([name, service]) => mountProblems(name, service, compose)),
    ...services.flatMap(([name, service]) => dependencyProblems(name, service, compose)),
    ...services.flatMap(([name, service]) => portProblems(name, service, compose)),
    ...ownServices(compose).flatMap(([name, service]) => ownProblems(name, service, compose)),
    ...kafkaProblems(compose),
    ...prometheusProblems(compose),
    ...grafanaProblems(compose),
  ]
}

/** The configuration that a service of the stack runs, with the environment that it has there. */
export function stackConfig(compose: Compose, name = 'headrace'): ServiceConfig {
  const service = compose.services[name]
  const [, , file = ''] = service?.command ?? []
  const path = localPath(service, file) ?? ''
  return loadServiceConfig({ file: `${root}${path}`, env: service?.environment ?? {} }).config
}

/** Where a path of the container is in the repository; null where nothing is mounted there. */
export function localPath(service: ComposeService | undefined, path: string): string | null {
  for (const { source, target, isPath } of mountsOf(service)) {
    if (!isPath || !`${path}/`.startsWith(`${target}/`)) continue
    return posix.join(folder, source, path.slice(target.length))
  }
  return null
}

function hardeningProblems(name: string, service: ComposeService): string[] {
  const { cap_drop, security_opt, read_only, mem_limit, restart, image, healthcheck } = service
  const isOneShot = restart === 'no'
  return when(name, [
    [!cap_drop?.includes('ALL'), 'keeps capabilities'],
    [!security_opt?.includes('no-new-privileges:true'), 'may gain privileges'],
    [read_only !== true && name !== 'kafka', 'has a writable root'],
    [mem_limit === undefined, 'has no memory limit'],
    [!['no', 'unless-stopped'].includes(restart ?? ''), 'has no restart policy'],
    [!isOneShot && service.stop_grace_period === undefined, 'has no stop_grace_period'],
    [
      service.build === undefined && !/:v?\d+\.\d+\.\d+$/.test(image),
      `runs ${image}, which is no whole version`,
    ],
    [service.build === undefined && healthcheck?.test?.[0] !== 'CMD', 'has no health check'],
  ])
}

function mountProblems(name: string, service: ComposeService, { volumes }: Compose): string[] {
  return mountsOf(service).flatMap(({ source, isPath, isReadOnly }) => {
    if (!isPath) return source in volumes ? [] : [`${name}: there is no volume ${source}`]
    return when(name, [
      [!existsSync(join(root, folder, source)), `mounts ${source}, which does not exist`],
      [!isReadOnly, `may write to ${source}`],
    ])
  })
}

function dependencyProblems(name: string, service: ComposeService, compose: Compose): string[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([other, { condition }]) => {
    const target = compose.services[other]
    const hasCheck = target?.build !== undefined || target?.healthcheck?.test !== undefined
    return when(name, [
      [target === undefined, `depends on ${other}, which is no service`],
      [
        condition === 'service_healthy' && (!hasCheck || target?.healthcheck?.disable === true),
        `waits for the health of ${other}, which has no check`,
      ],
      [
        (condition === 'service_completed_successfully') !== (target?.restart === 'no'),
        `waits for ${other} by ${condition}`,
      ],
    ])
  })
}

/** What is published: on the loopback alone, and only ports that the component listens on. */
function portProblems(name: string, service: ComposeService, compose: Compose): string[] {
  return (service.ports ?? []).flatMap((port) => {
    const [address, , container] = port.split(':')
    return when(name, [
      [address !== '127.0.0.1', `publishes ${port} beyond the loopback`],
      [!portsOf(name, compose).includes(Number(container)), `does not listen on ${container}`],
    ])
  })
}

/** By the configuration that each component gets. */
function portsOf(name: string, compose: Compose): number[] {
  const { command = [], environment = {} } = compose.services[name] ?? {}
  switch (name) {
    case 'headrace':
    case 'headrace-gpu':
      return [stackConfig(compose, name).http.port]
    case 'kafka':
      return [...(environment.KAFKA_LISTENERS ?? '').matchAll(/:(\d+)/g)].map(([, p]) => Number(p))
    case 'prometheus':
      return command.flatMap((option) => {
        const [, port] = /^--web\.listen-address=:(\d+)$/.exec(option) ?? []
        return port === undefined ? [] : [Number(port)]
      })
    case 'grafana':
      return [Number(environment.GF_SERVER_HTTP_PORT ?? 3000)]
    default:
      return []
  }
}

/** The configuration that a command names. */
function configOf({ command = [] }: ComposeService): string {
  return command[command.indexOf('--config') + 1] ?? ''
}

function configProblems(name: string, service: ComposeService): string[] {
  const file = configOf(service)
  const path = localPath(service, file)
  const isThere = path !== null && existsSync(`${root}${path}`)
  return isThere ? [] : [`${name}: ${file} is not mounted`]
}

/** headrace's own services: image, configuration and environment belong together. */
function ownProblems(name: string, service: ComposeService, compose: Compose): string[] {
  const { build, environment = {} } = service
  const text = readText(localPath(service, configOf(service)) ?? '')
  const used = [...text.matchAll(/\$\{(\w+)(:[^}]*)?\}/g)]
  const runs = ['headrace', 'headrace-gpu'].includes(name)
  const config = stackConfig(compose, runs ? name : 'headrace')
  const onGpu = config.model.kernel === 'tensorflow'
  const graceSeconds = Number.parseInt(service.stop_grace_period ?? '0', 10)
  const { brokers } = config.kafka
  return [
    ...when(name, [
      [build?.context !== '..', 'is not built from the root of the repository'],
      [!existsSync(`${root}${build?.dockerfile}`), `is built by ${build?.dockerfile}`],
      [
        runs && graceSeconds * 1000 <= config.shutdown.timeoutMs,
        'is killed before shutdown.timeoutMs is over',
      ],
      [
        name.startsWith('topics') && service.depends_on?.kafka?.condition !== 'service_healthy',
        'does not wait for Kafka',
      ],
      [
        runs && config.http.host !== '0.0.0.0',
        `listens on ${config.http.host}, out of reach of the others`,
      ],
      [
        onGpu && (gpusOf(service) === 0 || !build?.dockerfile.endsWith('.gpu')),
        'is to learn on a GPU that it does not get',
      ],
      [onGpu && !service.profiles?.includes('gpu'), 'wants a GPU where nobody asked for one'],
      [
        brokers.some((broker) => !isEndpoint(broker, compose)),
        `connects to ${brokers}, where nothing listens`,
      ],
    ]),
    ...Object.keys(environment)
      .filter((variable) => !used.some(([, key]) => key === variable))
      .map((variable) => `${name}: the configuration does not use ${variable}`),
    ...used
      .filter(([, key = '', fallback]) => fallback === undefined && !(key in environment))
      .map(([, key]) => `${name}: ${key} is not set`),
  ]
}

function gpusOf({ deploy }: ComposeService): number {
  const devices = deploy?.resources.reservations.devices ?? []
  return devices
    .filter(({ driver, capabilities }) => driver === 'nvidia' && capabilities.includes('gpu'))
    .reduce((sum, { count }) => sum + count, 0)
}

/** Whether `host:port` is a service of the stack and a port that it listens on. */
function isEndpoint(address: string, compose: Compose): boolean {
  const [host = '', port] = address.split(':')
  return portsOf(host, compose).includes(Number(port))
}

/** Listeners that clients are sent to must be there, under names that they can resolve. */
function kafkaProblems(compose: Compose): string[] {
  const environment = compose.services.kafka?.environment ?? {}
  const advertised = environment.KAFKA_ADVERTISED_LISTENERS?.split(',') ?? []
  const mounts = mountsOf(compose.services.kafka)
  const data = environment.KAFKA_LOG_DIRS
  return [
    ...advertised.flatMap((listener) => {
      const [, , host = '', port] = /^(\w+):\/\/([^:]+):(\d+)$/.exec(listener) ?? []
      const isKnown = host === '127.0.0.1' ? 'kafka' : host
      return isEndpoint(`${isKnown}:${port}`, compose) ? [] : [`kafka: nothing is at ${listener}`]
    }),
    ...when('kafka', [
      [!mounts.some(({ target }) => target === data), `its data in ${data} are in no volume`],
      [
        environment.KAFKA_AUTO_CREATE_TOPICS_ENABLE !== 'false',
        'makes topics that nobody has created',
      ],
    ]),
  ]
}

interface PrometheusConfig {
  readonly rule_files?: readonly string[]
  readonly scrape_configs?: readonly {
    readonly metrics_path?: string
    readonly static_configs?: readonly { readonly targets: readonly string[] }[]
    readonly dns_sd_configs?: readonly { readonly names: readonly string[]; port: number }[]
  }[]
}

function prometheusProblems(compose: Compose): string[] {
  const service = compose.services.prometheus
  const option = service?.command?.find((word) => word.startsWith('--config.file='))
  const file = option?.slice('--config.file='.length) ?? ''
  const path = localPath(service, file)
  if (path === null || !existsSync(`${root}${path}`)) return [`prometheus: ${file} is not mounted`]
  const config = parse(readText(path)) as PrometheusConfig
  const targets = (config.scrape_configs ?? []).flatMap(({ static_configs = [] }) =>
    static_configs.flatMap((entry) => entry.targets),
  )
  const found = (config.scrape_configs ?? []).flatMap(({ dns_sd_configs = [] }) =>
    dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
  )
  const rules = (config.rule_files ?? []).map((rule) => posix.resolve(posix.dirname(file), rule))
  const storage = service?.command?.find((word) => word.startsWith('--storage.tsdb.path='))
  const data = storage?.slice('--storage.tsdb.path='.length)
  return [
    ...rules
      .filter((rule) => globSync(`${root}${localPath(service, rule)}`).length === 0)
      .map((rule) => `prometheus: there are no rules at ${rule}`),
    ...when('prometheus', [
      [rules.length === 0, 'has no rules'],
      [!targets.includes('headrace:9464'), 'does not scrape headrace'],
      [
        !mountsOf(service).some(({ target, isPath }) => target === data && !isPath),
        `its data in ${data} are in no volume`,
      ],
    ]),
    ...[...targets, ...found]
      .filter((target) => !isEndpoint(target, compose) && !target.startsWith('localhost:'))
      .map((target) => `prometheus: nothing listens at ${target}`),
  ]
}

function grafanaProblems(compose: Compose): string[] {
  const service = compose.services.grafana
  const home = service?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? ''
  const provisioning = localPath(service, '/etc/grafana/provisioning')
  if (provisioning === null) return ['grafana: nothing is mounted at /etc/grafana/provisioning']
  const sources = provisioned(`${provisioning}/datasources`, 'datasources') as { url: string }[]
  const providers = provisioned(`${provisioning}/dashboards`, 'providers') as {
    options: { path: string }
  }[]
  return [
    ...when('grafana', [
      [sources.length === 0, 'has no data source'],
      [providers.length === 0, 'has no dashboards'],
      [!existsSync(`${root}${localPath(service, home)}`), `its home ${home} does not exist`],
      [
        !providers.some(({ options }) => home.startsWith(`${options.path}/`)),
        `its home ${home} is not among the dashboards that it loads`,
      ],
    ]),
    ...sources
      .filter(({ url }) => !isEndpoint(url.replace(/^http:\/\//, ''), compose))
      .map(({ url }) => `grafana: nothing listens at ${url}`),
    ...providers.flatMap(({ options }) => {
      const path = localPath(service, options.path)
      const isFolder = path !== null && statSync(`${root}${path}`).isDirectory()
      return isFolder ? [] : [`grafana: ${options.path} is not mounted`]
    }),
  ]
}

/** The entries of all provisioning files of a folder. */
function provisioned(path: string, key: string): unknown[] {
  if (!existsSync(`${root}${path}`)) return []
  const files = readdirSync(`${root}${path}`).filter((file) => file.endsWith('.yaml'))
  return files.flatMap((file) => {
    const content = parse(readText(`${path}/${file}`)) as Record<string, unknown[]>
    return content[key] ?? []
  })
}

/** The conditions that hold, as sentences about `name`. */
function when(name: string, conditions: readonly (readonly [boolean, string])[]): string[] {
  return conditions.filter(([holds]) => holds).map(([, what]) => `${name}: ${what}`)
}
