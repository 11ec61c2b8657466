import { existsSync, statSync } from 'node:fs'
import { validate } from 'dockerfile-utils'
import type { DockerIgnore } from './docker-ignore.ts'
import { healthCommand, instructionsOf, parseDockerfile, type Stage } from './dockerfile.ts'
import { root } from './repository.ts'

/** What an image must tell about itself. */
const labels = ['title', 'description', 'licenses', 'version', 'revision']

/** What is wrong with a Dockerfile, a sentence each: its syntax, and rules as hadolint has them. */
export function dockerfileProblems(text: string, ignore: DockerIgnore): string[] {
  const stages = parseDockerfile(text)
  const last = stages.at(-1)
  if (last === undefined) return ['there is no FROM']
  return [
    ...validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
    ...stages.flatMap((stage, i) => baseProblems(stage, stages.slice(0, i))),
    ...stages.flatMap((stage) => stageProblems(stage)),
    ...stages.flatMap((stage, i) => copyProblems(stage, stages.slice(0, i), ignore)),
    ...userProblems(last),
    ...productionProblems(last, stages),
    ...surfaceProblems(last),
  ]
}

function baseProblems({ name, base }: Stage, earlier: readonly Stage[]): string[] {
  if (earlier.some((stage) => stage.name === base)) return []
  const isPinned = /^[^:@]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(base)
  return isPinned ? [] : [`${name} begins from ${base}, which is no whole version`]
}

function stageProblems(stage: Stage): string[] {
  const problems: string[] = []
  for (const { name, text, exec } of stage.instructions) {
    if (name === 'ADD') problems.push('ADD fetches and unpacks: COPY does what is meant')
    if (name === 'WORKDIR' && !text.startsWith('/')) problems.push(`WORKDIR ${text} is relative`)
    if (name === 'RUN' && /\bsudo\b/.test(text)) problems.push('RUN uses sudo')
    if (name === 'RUN' && /\b(curl|wget)\b/.test(text)) problems.push('RUN downloads by hand')
    if (name === 'RUN' && /\bnpm (install|i)\b/.test(text)) {
      problems.push('RUN installs what the lock file does not name: npm ci')
    }
    if (['ENTRYPOINT', 'CMD'].includes(name) && exec === null) {
      problems.push(`${name} is not in exec form`)
    }
  }
  return problems
}

/** A source that is missing, that .dockerignore keeps out, or that names no earlier stage. */
function copyProblems(stage: Stage, earlier: readonly Stage[], ignore: DockerIgnore): string[] {
  return instructionsOf(stage, 'COPY').flatMap(({ flags, text }) => {
    const from = flags.get('from')
    const sources = text.split(/\s+/).slice(0, -1)
    if (from !== undefined) {
      const isKnown = earlier.some(({ name }) => name === from)
      return isKnown ? [] : [`COPY --from=${from} names no earlier stage`]
    }
    return sources.flatMap((source) => {
      if (!existsSync(`${root}${source}`)) return [`COPY ${source}: it does not exist`]
      const isFolder = statSync(`${root}${source}`).isDirectory()
      const isKept = isFolder
        ? ignore.filesOf(root).some((file) => file.startsWith(`${source}/`))
        : !ignore.excludes(source)
      return isKept ? [] : [`COPY ${source}: .dockerignore keeps it out`]
    })
  })
}

function userProblems(last: Stage): string[] {
  const user = instructionsOf(last, 'USER').at(-1)?.text ?? 'root'
  const isHarmless = /^[1-9]\d*:[1-9]\d*$/.test(user)
  return isHarmless ? [] : [`the program runs as ${user}, not as a number other than 0`]
}

/** Development dependencies in the image, or code that thinks it is being developed. */
function productionProblems(last: Stage, stages: readonly Stage[]): string[] {
  const problems: string[] = []
  const environment = instructionsOf(last, 'ENV').map(({ text }) => text)
  if (!environment.includes('NODE_ENV=production')) problems.push('NODE_ENV is not production')
  const modules = instructionsOf(last, 'COPY').find(({ text }) => text.includes('node_modules'))
  const origin = stages.find(({ name }) => name === modules?.flags.get('from'))
  const install = instructionsOf(origin, 'RUN').find(({ text }) => text.startsWith('npm '))
  if (install?.text.includes('--omit=dev') !== true) {
    problems.push('node_modules come from a stage that does not leave out development dependencies')
  }
  return problems
}

/** What Docker and the people who run the image hold on to. */
function surfaceProblems(last: Stage): string[] {
  const problems: string[] = []
  const label = instructionsOf(last, 'LABEL')
    .map(({ text }) => text)
    .join(' ')
  for (const name of labels) {
    if (!label.includes(`org.opencontainers.image.${name}=`)) problems.push(`no label ${name}`)
  }
  if (instructionsOf(last, 'STOPSIGNAL')[0]?.text !== 'SIGTERM') {
    problems.push('it is not stopped by SIGTERM')
  }
  const [health] = instructionsOf(last, 'HEALTHCHECK')
  if (health === undefined) problems.push('there is no health check')
  else if (healthCommand(health)?.[0] !== 'node') {
    problems.push('the health check is not a Node program in exec form')
  }
  if (instructionsOf(last, 'ENTRYPOINT').length === 0) problems.push('there is no ENTRYPOINT')
  return problems
}
