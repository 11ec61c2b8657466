import { readdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { type ComposeService, parseCompose } from '../../unit/deploy/compose.ts'
import { localPath } from '../../unit/deploy/compose-rules.ts'
import { readText, root } from '../../unit/deploy/repository.ts'
import {
  brokers,
  deleteTopics,
  readToEnd,
  uniqueName,
  until,
  withAdmin,
} from '../support/broker.ts'
import { type Container, Image } from './image.ts'

const compose = parseCompose(readText('deploy/compose.yaml'))
let image: Image

beforeAll(async () => {
  image = await Image.build()
}, 300_000)

afterAll(async () => {
  await image?.remove()
})

describe('the image, built without Docker', () => {
  test('holds the program and its production dependencies, and nothing else', () => {
    const folder = join(image.root, 'opt/headrace')
    const found = ['LICENSE', 'bin', 'deploy', 'dist', 'node_modules', 'package.json']
    expect(readdirSync(folder).toSorted()).toEqual(found)
    const { packages } = JSON.parse(readText('package-lock.json'))
    const locked = Object.keys(packages).filter((path) => {
      return path !== '' && packages[path].dev !== true
    })
    const installed = readdirSync(join(folder, 'node_modules'), { recursive: true })
      .map((path) => `node_modules/${path}`)
      .filter((path) => path.endsWith('/package.json') && path.split('/').length <= 4)
      .map((path) => path.slice(0, -'/package.json'.length))
      .filter((path) => path in packages)
    expect(installed.toSorted()).toEqual(locked.toSorted())
  })

  test('answers under its user, from a tree that it may not write', async () => {
    const { version } = JSON.parse(readText('package.json'))
    const { code, stdout, stderr } = await image.run(['--version']).finished
    expect([code, stdout, stderr]).toEqual([0, `${version}\n`, ''])
    const target = join(image.root, 'opt/headrace/x')
    const write = `require('node:fs').writeFileSync(${JSON.stringify(target)}, '')`
    const refused = await image.exec(['node', '-e', write]).finished
    // Root writes everywhere; another user gets EACCES, as a read-only root gives EROFS.
    expect(refused.stderr).toMatch(/EACCES/)
  })

  test('accepts the configuration of the stack, and replays a file by its own kernel', async () => {
    const config = `${root}${localPath(compose.services.headrace, '/etc/headrace/headrace.yaml')}`
    const env = { KAFKA_BROKERS: 'kafka:19092' }
    const valid = await image.run(['validate', '-c', config, '--offline'], env).finished
    // It listens to all inside its container, without a token; compose publishes to the loopback.
    expect(valid.stderr).toMatch(
      /^headrace: warning: \S+headrace\.yaml:\d+:\d+: http\.host: [^\n]*http\.token\n$/,
    )
    expect(valid.code).toBe(0)
    const csv = join(tmpdir(), `${uniqueName('digits')}.csv`)
    onTestFinished(() => rm(csv))
    const digits = Array.from({ length: 100 }, (_, i) => [3, 1, 4, 1, 5][i % 5])
    await writeFile(csv, `digit\n${digits.join('\n')}\n`)
    const replayed = await image.run(['replay', csv, '--target', 'digit', '--json']).finished
    expect(JSON.parse(replayed.stdout)).toMatchObject({ records: 100, deadLetters: 0 })
  })
})

describe('the three services of headrace, with the commands of compose.yaml', () => {
  const name = uniqueName('stack')
  const running: Container[] = []
  let url = ''

  /** A service as Compose starts it, with names that this run alone has. */
  function start(service: ComposeService | undefined, ...sets: string[]): Container {
    const words = (service?.command ?? []).map((word) => {
      const path = word.startsWith('/') ? localPath(service, word) : null
      return path === null ? word : `${root}${path}`
    })
    const own = [`name=${name}`, `input.topic=${name}.live`, ...sets]
    const env = { KAFKA_BROKERS: brokers().join(',') }
    const container = image.run([...words, ...own.flatMap((set) => ['--set', set])], env)
    running.push(container)
    return container
  }

  async function metric(pattern: RegExp): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text()
    return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0)
  }

  afterAll(async () => {
    for (const container of running) container.kill('SIGKILL')
    const topics = await withAdmin((admin) => admin.listTopics())
    await deleteTopics(topics.filter((topic) => topic.startsWith(`${name}.`)))
  })

  test('topics are made once, the service learns what is written, all end cleanly', async () => {
    const { topics, headrace, producer } = compose.services
    for (const state of ['created', 'exists']) {
      const { code, stdout, stderr } = await start(topics).finished
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.match(new RegExp(`  ${state} `, 'g'))).toHaveLength(4)
      expect(stdout).toContain(`2 partitions in ${name}.live`)
    }
    const [port = 0] = await freePorts(1)
    url = `http://127.0.0.1:${port}`
    const service = start(headrace, `http.port=${port}`)
    const check = image.healthCheck.map((word) => word.replace(':9464/', `:${port}/`))
    const writer = start(producer)
    const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200
    const died = service.finished.then(() => {
      throw new Error('the service has ended')
    })
    await Promise.race([until('it is ready', isReady), died]).catch((error: Error) => {
      throw new Error(`${error.message}\n${service.stderr()}`)
    })
    died.catch(() => {})
    const page = await fetch(`${url}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ])
    expect((await image.exec(check).finished).code, 'the health check').toBe(0)
    const predictions = /^headrace_predictions_total\S* (\d+)$/gm
    await until('100 predictions', async () => (await metric(predictions)) >= 100)
    expect(await metric(/^headrace_dead_letters_total\S* (\d+)$/gm)).toBe(0)

    writer.kill('SIGTERM')
    const written = await writer.finished
    expect([written.code, written.stderr]).toEqual([
      0,
      expect.stringMatching(/writes 50 records\/s of 8 sequences .*\n.* \d+ records written\n$/),
    ])
    service.kill('SIGTERM')
    const { code, stderr } = await service.finished
    expect(code, stderr).toBe(0)
    expect((await image.exec(check).finished).code, 'the health check').toBe(1)
    const published = await readToEnd(`${name}.predictions`)
    expect(new Set(published.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
    expect(new Set(published.map(({ key }) => key)).size).toBe(8)
  })
})
