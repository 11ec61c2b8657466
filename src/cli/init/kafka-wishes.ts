import { loadConfig, loadServiceConfig, type Override } from '../../config/load.ts'
import { isSecretPath } from '../../config/redact.ts'
import { type Config, configSchema } from '../../config/schema.ts'
import { usageError } from '../options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** How the brokers are reached, and what of it goes into the configuration. */
export interface KafkaWishes {
  readonly settings: Config['kafka']
  readonly brokers: string
  /** What differs from the defaults, a variable in the place of each secret. */
  readonly kafka: Readonly<Record<string, unknown>>
}

/** The variable that stands for a password in the configuration that is written. */
export const passwordVariable = 'KAFKA_PASSWORD'

/**
 * The settings by `--brokers`, KAFKA_BROKERS and `--set kafka.…`.
 * @throws HeadraceError HEADRACE_CONFIG_INVALID where one of them is wrong, HEADRACE_USAGE for a
 *   `--set` of something else
 */
export function kafkaOf(
  given: {
    readonly brokers: string | undefined
    readonly sets: readonly string[] | undefined
    readonly topic: string | undefined
  },
  env: Environment,
): KafkaWishes {
  const { brokers = env.KAFKA_BROKERS, sets = [], topic } = given
  const other = sets.find((set) => !/^\s*kafka\s*[.=]/.test(set))
  if (other !== undefined) {
    const path = other.split('=', 1)[0] ?? ''
    throw usageError(
      `--set ${path}=…: here it says how to reach the brokers, such as kafka.ssl=true. All else ` +
        'can be changed in the configuration that is written.',
    )
  }
  const overrides: Override[] = [
    { path: ['task', 'targets'], value: ['value'], option: 'headrace init' },
  ]
  const set = (path: string[], value: string, option: string) =>
    overrides.push({ path, value, option })
  if (brokers) {
    const option = given.brokers === undefined ? 'KAFKA_BROKERS' : '--brokers'
    set(['kafka', 'brokers'], brokers, `${option} ${brokers}`)
  }
  if (topic !== undefined) set(['input', 'topic'], topic, `--topic ${topic}`)
  const { config } = loadConfig({ sets, env, overrides })
  const defaults: Readonly<Record<string, unknown>> = configSchema.shape.kafka.parse({})
  const kafka = Object.entries(config.kafka).filter(
    ([key, value]) => key !== 'brokers' && JSON.stringify(value) !== JSON.stringify(defaults[key]),
  )
  return {
    settings: config.kafka,
    brokers: config.kafka.brokers.join(','),
    kafka: Object.fromEntries(kafka.map(([key, value]) => [key, hidden(value, ['kafka', key])])),
  }
}

/** A copy with `${KAFKA_PASSWORD}` in the place of the password. */
function hidden(value: unknown, path: readonly string[]): unknown {
  if (typeof value === 'string' && path.at(-1) === 'password' && isSecretPath(path)) {
    return `\${${passwordVariable}}`
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, hidden(inner, [...path, key])]),
  )
}

/**
 * Loads the text as `run` would, or as `replay` of a file where it names no topic.
 * @throws HeadraceError HEADRACE_CONFIG_INVALID for a name or a topic that cannot be
 */
export function verify(text: string, topic: string | undefined, env: Environment): void {
  const file = 'the new configuration'
  const known = { [passwordVariable]: 'not known yet', ...env }
  const load = topic === undefined ? loadConfig : loadServiceConfig
  load({ text, file, env: known })
}

/** Letters that Unicode does not take apart. */
const latin: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
}

/**
 * A name for the application after that of a file or a topic: endings off, no dots, Latin letters
 * without their marks. Of a name most letters of which are others nothing is kept.
 */
export function applicationName(name: string): string {
  const bare = name.replace(/(\.(csv|jsonl?|ndjson|tsv|txt|gz|gzip|zst|zstd))+$/i, '')
  const plain = bare
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/\P{ASCII}/gu, (letter) => latinOf(letter))
  const fit = plain.replace(/[^a-zA-Z0-9_-]+/g, '-').replace(/^-+|-+$/g, '')
  const lost = plain.match(/[^\P{L}a-zA-Z]/gu)?.length ?? 0
  const kept = fit.match(/[a-zA-Z]/g)?.length ?? 0
  return lost > kept ? 'headrace' : fit.slice(0, 200) || 'headrace'
}

function latinOf(letter: string): string {
  const small = letter.toLowerCase()
  const written = latin[small] ?? letter
  if (letter === small) return written
  return written === letter ? letter : `${written.slice(0, 1).toUpperCase()}${written.slice(1)}`
}
