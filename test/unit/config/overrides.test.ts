// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import { describe, expect, test } from 'vitest'
import { checkConfig, loadConfig } from '../../../src/config/load.ts'
import { parsePath } from '../../../src/config/overrides.ts'
import { formatProblem } from '../../../src/config/problem.ts'

const text = 'task:\n  targets: [a]\n  horizons: [1, 5]\nmodel:\n  hidden: many\n'

function problems(sets: string[], yaml = text): string[] {
  const result = checkConfig({ file: 'c.yaml', text: yaml, sets, env: {} })
  return 'problems' in result ? result.problems.map(formatProblem) : []
}

describe('--set', () => {
  test('splits paths into names and places in lists', () => {
    expect(parsePath('a.b[0].c')).toEqual(['a', 'b', 0, 'c'])
    expect(parsePath('a.0')).toEqual(['a', 0])
    for (const bad of ['', '.', 'a.', '.a', 'a..b', 'a[x]', 'a[0', '[0]']) {
      expect(parsePath(bad)).toBeUndefined()
    }
  })

  test('overrides the file, the later one wins, its value is YAML', () => {
    const sets = [
      'model.hidden=8',
      'model.hidden=16',
      'task.horizons=[2, 3]',
      'kafka.ssl.ca=ca.pem',
    ]
    const { config } = loadConfig({ text: `${text}kafka: { ssl: true }\n`, sets, env: {} })
    expect(config.model.hidden).toBe(16)
    expect(config.task).toMatchObject({ horizons: [2, 3] })
    expect(config.kafka.ssl).toEqual({ ca: 'ca.pem', rejectUnauthorized: true })
  })

  test('reaches into lists, up to the place behind the last', () => {
    const horizons = (set: string) => {
      const { task } = loadConfig({ text, sets: ['model.hidden=8', set], env: {} }).config
      return task.kind === 'forecast' ? task.horizons : []
    }
    expect(horizons('task.horizons[0]=4')).toEqual([4, 5])
    expect(horizons('task.horizons.1=7')).toEqual([1, 7])
    expect(horizons('task.horizons[2]=9')).toEqual([1, 5, 9])
    expect(problems(['model.hidden=8', 'task.horizons[4]=9'])).toEqual([
      '--set task.horizons[4]=9: task.horizons[4]: there is no such place in the list',
    ])
  })

  test('an error is told with the option, behind those of the file', () => {
    expect(problems(['task.horizons[1]=x', 'model.hiden=3'])).toEqual([
      'c.yaml:5:11: model.hidden: expected integer from 1 to 1024, got "many"',
      '--set task.horizons[1]=x: task.horizons[1]: expected integer from 1 to 10000, got "x"',
      expect.stringMatching(/^--set model\.hiden=3: .*unknown key.*nearest known name: hidden$/),
    ])
  })

  test('what is no path=value, and a value that is no YAML, are told', () => {
    expect(problems(['model.hidden=8', 'hidden'])).toEqual([
      '--set: expected --set path=value, such as --set model.hidden=64',
    ])
    expect(problems(['model.hidden=8', 'task.targets=[a'])).toEqual([
      '--set task.targets=[redacted]: task.targets: expected a value in YAML',
    ])
  })

  test('a value that looks like a number is a text where one is wanted', () => {
    const sets = ['model.hidden=8', 'input.topic=2024', 'name=1']
    const { config } = loadConfig({ text, sets, env: {} })
    expect([config.input.topic, config.name]).toEqual(['2024', '1'])
  })

  test('is not substituted, for the shell has done that', () => {
    expect(problems(['model.hidden=8', 'name=${A}'])[0]).toContain('got "${A}"')
  })

  test('cannot reach a prototype', () => {
    problems(['__proto__.polluted=1', 'constructor.prototype.polluted=1', 'task.__proto__.x=1'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })
})

describe('overrides of a command', () => {
  test('win over file and --set, need no file, and are named in errors', () => {
    const path = ['task', 'targets']
    const overrides = [{ path, value: ['b'], option: '--target b' }]
    const sets = ['task.targets=[c]']
    const { task } = loadConfig({ sets, env: {}, overrides }).config
    expect(task).toMatchObject({ targets: ['b'] })
    const wrong = [{ path, value: [''], option: '--target ""' }]
    const result = checkConfig({ env: {}, overrides: wrong })
    expect('problems' in result && result.problems.map(formatProblem)).toEqual([
      '--target "": task.targets[0]: expected the name of a field, got ""',
    ])
  })

  test('without any, what is missing is told of the command line', () => {
    const result = checkConfig({ env: {} })
    expect('problems' in result && result.problems.map(formatProblem)).toEqual([
      'command line: task.targets: required: expected non-empty list of: string',
    ])
  })
})
