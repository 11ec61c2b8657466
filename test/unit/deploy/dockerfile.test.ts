import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { DockerIgnore } from './docker-ignore.ts'
import { healthCommand, instructionsOf, parseDockerfile } from './dockerfile.ts'
import { dockerfileProblems } from './dockerfile-rules.ts'
import { readText, root } from './repository.ts'

const dockerfile = readText('deploy/Dockerfile')
const ignoreText = readText('.dockerignore')
const ignore = new DockerIgnore(ignoreText)
const last = parseDockerfile(dockerfile).at(-1)
const ofGpu = readText('deploy/Dockerfile.gpu')

test('the Dockerfile keeps the rules', () => {
  expect(dockerfileProblems(dockerfile, ignore)).toEqual([])
})

test('the one for a GPU keeps them too, and says all that the other says', () => {
  expect(dockerfileProblems(ofGpu, ignore)).toEqual([])
  const own = new Set(ofGpu.split('\n'))
  const rest = dockerfile.split('\n').filter((line) => !line.startsWith('#') && !own.has(line))
  // What it is called and what it is.
  expect(rest.map((line) => line.trim().split('=')[0])).toEqual([
    'LABEL org.opencontainers.image.title',
    'org.opencontainers.image.description',
  ])
  const stages = parseDockerfile(ofGpu)
  const installed = instructionsOf(stages.at(-1), 'ENV').find(({ text }) => {
    return text.startsWith('NODE_PATH=')
  })
  expect(installed?.text).toBe('NODE_PATH=/opt/tensorflow/node_modules')
})

test.each([
  ['ARG NODE=24.21.0-trixie-slim', 'ARG NODE=latest', /no whole version/],
  ['ARG NODE=24.21.0-trixie-slim', 'ARG NODE=24-trixie-slim', /no whole version/],
  ['USER 10001:10001', 'USER node', /runs as node/],
  ['USER 10001:10001', 'USER 0:0', /runs as 0:0/],
  ['USER 10001:10001\n', '', /runs as root/],
  ['CMD ["run"', 'CMD run || echo ["run"', /CMD is not in exec form/],
  ['ENTRYPOINT ["node", "/opt/headrace/bin/headrace.js"]', '', /no ENTRYPOINT/],
  ['COPY bin ./bin', 'ADD https://example.com/bin ./bin', /ADD/],
  ['COPY bin ./bin', 'COPY bins ./bin', /bins: it does not exist/],
  ['COPY bin ./bin', 'COPY test ./test', /test: .dockerignore keeps it out/],
  ['COPY bin ./bin', 'COPY README.md ./', /README.md: .dockerignore keeps it out/],
  ['COPY --from=build /build', 'COPY --from=builder /build', /names no earlier stage/],
  ['COPY --from=dependencies', 'COPY --from=build', /development dependencies/],
  ['npm ci --omit=dev', 'npm ci', /development dependencies/],
  ['npm ci --omit=dev', 'npm install --omit=dev', /npm ci/],
  ['RUN ["node"', 'RUN sudo node', /sudo/],
  ['WORKDIR /opt/headrace', 'WORKDIR headrace', /relative/],
  ['STOPSIGNAL SIGTERM\n', '', /SIGTERM/],
  ['ENV NODE_ENV=production', 'ENV NODE_ENV=development', /NODE_ENV/],
  ['["node", "-e"', '["curl", "-f"', /health check/],
  ['image.revision=', 'image.source=', /no label revision/],
  ['EXPOSE 9464', 'EXPOSED 9464', /Unknown instruction/i],
])('a copy with %j as %j is refused', (from, to, problem) => {
  expect(dockerfile).toContain(from)
  expect(dockerfileProblems(dockerfile.replace(from, to), ignore).join('\n')).toMatch(problem)
})

test('the base has the Node that the tests run on', () => {
  const locked = JSON.parse(readText('package-lock.json')).packages['node_modules/node'].version
  expect(last?.base).toMatch(new RegExp(`^node:${locked.replaceAll('.', '\\.')}-`))
})

test('port and health check are those of a configuration that names no port', () => {
  const { config } = loadConfig({ text: 'task: { targets: [a] }', env: {} })
  const { port } = config.http
  expect(instructionsOf(last, 'EXPOSE').map(({ text }) => text)).toEqual([String(port)])
  const command = healthCommand(instructionsOf(last, 'HEALTHCHECK')[0])
  expect(command?.[2]).toContain(`fetch('http://127.0.0.1:${port}/livez')`)
})

test('the context holds what the build needs and little else', () => {
  const files = ignore.filesOf(root)
  const folders = new Set(files.map((file) => (file.includes('/') ? file.split('/')[0] : '')))
  expect([...folders].toSorted()).toEqual(['', 'bin', 'deploy', 'scripts', 'src'])
  expect(files).toContain('deploy/demo/nyc_taxi.csv')
  expect(files).toContain('src/kernels/assembly/index.ts')
  expect(files).not.toContain('src/kernels/kernel.wasm')
  expect(files.filter((file) => file.startsWith('deploy/'))).toHaveLength(7)
})

test('.dockerignore is read as BuildKit reads it', () => {
  const excluded = (text: string, path: string): boolean => new DockerIgnore(text).excludes(path)
  expect(excluded('*', '.git/config')).toBe(true)
  expect(excluded('*\n!src', 'src/a/b.ts')).toBe(false)
  expect(excluded('*\n!src\nsrc/a', 'src/a/b.ts')).toBe(true)
  expect(excluded('!src\n*', 'src/a.ts')).toBe(true)
  expect(excluded('*\n!deploy/demo', 'deploy/demo/x.csv')).toBe(false)
  expect(excluded('*\n!deploy/demo', 'deploy/demos/x.csv')).toBe(true)
  expect(excluded('**/*.md', 'docs/deep/page.md')).toBe(true)
  expect(excluded('*.md', 'docs/page.md')).toBe(false)
  expect(excluded('# *\n\n', 'a')).toBe(false)
  expect(excluded('node_modules', 'test/node_modules/x')).toBe(false)
  expect(excluded('**/node_modules', 'test/node_modules/x')).toBe(true)
})
