import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { openUpdate } from '../../src/bench/open-update.ts'
import { openKernel } from '../../src/kernels/index.ts'
import { peerRow } from './peers/peer-row.ts'
import { environmentFolder } from './peers/python.ts'
import { Side } from './peers/side.ts'
import { openTfjsUpdate } from './peers/tfjs-network.ts'
import { standInTf } from './tfjs-stand-in.ts'

const run = promisify(execFile)
const file = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const request = { cell: 'gru', hidden: 4, rows: 2, window: 3, inputs: 8, leastMs: 1 } as const

describe('the network of TensorFlow.js', () => {
  // The stand-in has no gradients: the losses of the first forward run are what can be compared.
  test.each(['gru', 'lstm'] as const)('is ours: the same %s, batch and loss', (cell) => {
    const each = { cell, hidden: 5, rows: 3, window: 4 }
    const ours = openUpdate(each, openKernel('reference'))
    // The read-out begins at zero, where a wrong network would give the same loss.
    const { parameters } = ours.network.stateArrays()
    for (let i = 0; i < parameters.length; i++) parameters[i] = Math.sin(i)
    ours.network.stateWritten()
    const theirs = openTfjsUpdate(standInTf(), each, ours)
    const [loss = Number.NaN] = Array.from(theirs.run().dataSync())
    expect(loss).toBeGreaterThan(0.1)
    expect(ours.run()).toBeCloseTo(loss, 5)
  })
})

describe('headrace’s side', () => {
  test('answers a line with a line, again for the same case, and ends with its input', async () => {
    const side = new Side('headrace', [process.execPath, file('headrace-side.ts')])
    try {
      for (let round = 0; round < 2; round++) {
        expect((await side.measure(request)).microseconds).toBeGreaterThan(0)
      }
    } finally {
      side.close()
    }
  })

  test('a side that ends says so instead of hanging', async () => {
    const side = new Side('nobody', [process.execPath, '-e', ''])
    await expect(side.measure(request)).rejects.toThrow('the side of nobody has ended')
  })

  test('a program that is not there says so too', async () => {
    const side = new Side('nobody', [file('no-such-program')])
    await expect(side.measure(request)).rejects.toThrow('the side of nobody has ended')
  })
})

describe('the programs', () => {
  const programs = ['tfjs.ts', 'pytorch.ts', '../../../scripts/docs-bench.js']
  test.each(programs)('%s --help needs no peer', async (name) => {
    const { stdout } = await run(process.execPath, [file(name), '--help'])
    expect(stdout).toContain('Usage: npm run bench:')
  })

  test.each([
    ['tfjs.ts', ['--rounds', 'x'], 2, "--rounds needs a whole number of at least 1, not 'x'."],
    ['tfjs.ts', ['--backends', 'foo'], 2, "--backends takes cpu, wasm, not 'foo'."],
    ['tfjs.ts', ['--nope'], 2, 'There is no option --nope.'],
    ['pytorch.ts', ['--core', '99999'], 2, '--core: taskset cannot pin to core 99999 here.'],
    ['pytorch.ts', ['--python', '/nope'], 2, "--python: '/nope' cannot be run."],
    // It answers --version, and fails at whatever a Python would import.
    ['pytorch.ts', ['--python', process.execPath], 1, "has no PyTorch: 'import torch' fails"],
    ['../../../scripts/docs-bench.js', ['--without', 'jax'], 2, '--without takes service, metrics'],
    ['../../../scripts/docs-bench.js', ['--records', '0'], 2, '--records needs a whole number'],
    ['../../../scripts/docs-bench.js', ['--out', 'nope/a.md'], 2, '--out: there is no folder'],
  ])('%s %j ends with one line on stderr', (name, args, code, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file(name), ...args])
    const lines = stderr.toString().trimEnd().split('\n')
    const wanted = expect.stringContaining(message)
    // Where nothing can be pinned a line says so first.
    expect([status, stdout.toString(), lines.at(-1)]).toEqual([code, '', wanted])
    expect(stderr.toString()).not.toContain('    at ')
  })

  const hasPython = spawnSync('python3', ['--version']).status === 0

  test.runIf(hasPython || process.env.CI !== undefined)(
    'pytorch.py --help needs no PyTorch',
    async () => {
      const { stdout } = await run('python3', [file('pytorch.py'), '--help'])
      expect(stdout).toContain('Reads a case as one line of JSON')
    },
  )

  test('pytorch.py knows the fields of a request', () => {
    const source = readFileSync(file('pytorch.py'), 'utf8')
    for (const field of Object.keys(request)) expect(source).toContain(`"${field}"`)
  })
})

test('a row is the medians of both sides and of their ratio', () => {
  const rounds = [
    { ours: 10, theirs: 100 },
    { ours: 20, theirs: 300 },
    { ours: 30, theirs: 240 },
  ]
  const row = peerRow('wasm', { peer: 'pytorch', peerVersion: '2' }, request, rounds)
  expect(row).toMatchObject({ microseconds: 20, peerMicroseconds: 240, times: 10 })
})

test('the virtual environment lies in the user’s cache, outside the checkout', () => {
  expect(environmentFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/headrace/bench-pytorch')
  expect(environmentFolder({}, 'ada')).toMatch(/^ada\/.*\/headrace\/bench-pytorch$/)
})
