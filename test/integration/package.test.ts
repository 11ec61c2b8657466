import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** The package as a user gets it: packed, installed into an empty folder, run from there. */
describe('the package', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headrace-package-'))
    await run('npm', ['pack', '--pack-destination', folder], { cwd: checkout })
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
    await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`]
    await run('npm', install, { cwd: folder })
  }, 300_000)

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('replays a file without any TypeScript', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${[3, 1, 4, 1, 5][i % 5]}`)
    await writeFile(join(folder, 'digits.csv'), `digit\n${rows.join('\n')}\n`)
    const args = ['headrace', 'replay', 'digits.csv', '--target', 'digit', '--json']
    const { stdout } = await run('npx', args, { cwd: folder })
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ records: 200, deadLetters: 0, sequences: 1 })
    expect(result.scores[0].members['network:1e-3'].mae).toBeGreaterThan(0)
  })

  test('brings the demo and its data', async () => {
    const { stdout } = await run('npx', ['headrace', 'demo', '--help'], { cwd: folder })
    expect(stdout).toContain('--until-end')
    const files = await readdir(join(folder, 'node_modules/headrace/deploy/demo'))
    expect(files).toContain('nyc_taxi.csv')
  })

  test('is a library too', async () => {
    await writeFile(
      join(folder, 'learn.js'),
      `import { Learner } from 'headrace'
      const learner = new Learner({ task: { targets: ['load'] } })
      for (let i = 0; i < 50; i++) learner.learnOne({ values: { load: i % 2 } })
      console.log(JSON.stringify(learner.predictOne()))`,
    )
    const { stdout } = await run('node', ['learn.js'], { cwd: folder })
    const [prediction] = JSON.parse(stdout)
    expect(prediction).toMatchObject({ target: 'load', horizon: 1 })
    expect(Math.abs(prediction.mean)).toBeLessThan(0.5)
  })
})
