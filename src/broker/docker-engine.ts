import { request } from 'node:http'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'

const pingTimeoutMs = 1_000

/** Where a Docker engine listens, as options of `node:http`. */
export type DockerEndpoint =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number }

/**
 * Where an engine may listen: `DOCKER_HOST`, else the sockets that Docker and Docker Desktop make.
 * None for an engine behind TLS or ssh, which is not asked.
 */
export function dockerEndpoints(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  userId: number,
): DockerEndpoint[] {
  const named = env.DOCKER_HOST
  if (named) {
    if (named.startsWith('unix://')) return [{ socketPath: named.slice('unix://'.length) }]
    const match = /^(?:tcp|http):\/\/([^:/]+|\[[^\]]+\]):(\d+)/.exec(named)
    if (match === null || env.DOCKER_TLS_VERIFY) return []
    const [, host = '', port = ''] = match
    return [{ host: host.replace(/^\[|\]$/g, ''), port: Number(port) }]
  }
  const sockets = [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(home, '.docker', 'run', 'docker.sock'),
    join(home, '.docker', 'desktop', 'docker.sock'),
    `/run/user/${userId}/docker.sock`,
  ]
  return sockets.map((socketPath) => ({ socketPath }))
}

/** The first endpoint at which an engine answers a ping within a second; null without one. */
export async function findDockerEndpoint(
  env: Readonly<Record<string, string | undefined>>,
): Promise<DockerEndpoint | null> {
  for (const endpoint of dockerEndpoints(env, homedir(), userInfo().uid)) {
    const signal = AbortSignal.timeout(pingTimeoutMs)
    const answer = await ask(endpoint, 'GET', '/_ping', signal).catch(() => null)
    if (answer?.status === 200) return endpoint
  }
  return null
}

/**
 * Makes sure that the engine has an image, `name:tag`, pulling it if need be. Rejects when it
 * cannot be had; an aborted `signal` ends the pull.
 */
export async function ensureImage(
  endpoint: DockerEndpoint,
  image: { readonly name: string; readonly tag: string },
  signal: AbortSignal,
): Promise<void> {
  const known = await ask(endpoint, 'GET', `/images/${image.name}:${image.tag}/json`, signal)
  if (known.status === 200) return
  const query = new URLSearchParams({ fromImage: image.name, tag: image.tag })
  const pull = await ask(endpoint, 'POST', `/images/create?${query}`, signal)
  // A pull that fails half-way says so in the last lines of an answer that began with 200.
  const problem = /"(?:error|message)":\s*"([^"]+)"/.exec(pull.end)
  if (pull.status !== 200 || problem !== null) {
    throw new Error(problem?.[1] ?? `the engine answered with status ${pull.status}`)
  }
}

interface Answer {
  readonly status: number | undefined
  /** The last characters of the body. */
  readonly end: string
}

const keptChars = 4096

function ask(
  endpoint: DockerEndpoint,
  method: string,
  path: string,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...endpoint, method, path, signal }, (response) => {
      let end = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        end = (end + chunk).slice(-keptChars)
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, end }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
