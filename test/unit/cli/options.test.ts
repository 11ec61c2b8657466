import { describe, expect, test } from 'vitest'
import {
  configOptions,
  integerOption,
  integersOption,
  parseOptions,
  singleConfig,
} from '../../../src/cli/options.ts'
import { HeadraceError } from '../../../src/errors.ts'

const spec = { ...configOptions, offline: { type: 'boolean' }, limit: { type: 'string' } } as const

function message(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(HeadraceError)
    expect((error as HeadraceError).code).toBe('HEADRACE_USAGE')
    expect((error as HeadraceError).exitCode).toBe(2)
    return (error as HeadraceError).message
  }
  throw new Error('should have been refused')
}

describe('parseOptions', () => {
  test('takes -c and --config, repeated --set, flags and positionals', () => {
    const args = ['-c', 'a.yaml', '--config=b.yaml', '--set', 'a=1', '--set=b=2=3', 'x', '--json']
    const { values, positionals } = parseOptions(args, spec, 1)
    expect(values.config).toEqual(['a.yaml', 'b.yaml'])
    expect(values.set).toEqual(['a=1', 'b=2=3'])
    expect(values.json).toBe(true)
    expect(values.offline).toBeUndefined()
    expect(positionals).toEqual(['x'])
  })

  test('names the nearest option for an unknown one, and never quotes a value', () => {
    const text = message(() => parseOptions(['--ofline=hunter2'], spec))
    expect(text).toBe('There is no option --ofline. Did you mean --offline?')
    expect(message(() => parseOptions(['--xyzzy'], spec))).toBe('There is no option --xyzzy.')
    expect(message(() => parseOptions(['-q'], spec))).toContain('There is no option -q.')
  })

  test('refuses missing values, values of flags, repeated and surplus arguments', () => {
    expect(message(() => parseOptions(['--set'], spec))).toBe('--set needs a value.')
    expect(message(() => parseOptions(['--config', '--json'], spec))).toBe(
      '--config needs a value.',
    )
    expect(message(() => parseOptions(['--json=1'], spec))).toBe('--json takes no value.')
    const twice = ['--limit', '1', '--limit', '2']
    expect(message(() => parseOptions(twice, spec))).toBe('--limit is given 2 times.')
    expect(message(() => parseOptions(['a', 'offline'], spec, 1))).toBe(
      "There is one argument too many: 'offline'. Did you mean --offline?",
    )
  })
})

test('singleConfig wants exactly one', () => {
  expect(singleConfig(['a.yaml'], 'run')).toBe('a.yaml')
  expect(message(() => singleConfig(undefined, 'run'))).toContain('--config FILE')
  expect(message(() => singleConfig(['a', 'b'], 'run'))).toContain('one --config only')
})

test('numbers are whole and large enough', () => {
  expect(integerOption('--limit', '12')).toBe(12)
  expect(integersOption('--horizons', '1, 5', 1)).toEqual([1, 5])
  expect(integersOption('--seasons', '')).toEqual([])
  for (const text of ['', '-1', '1.5', '1e3', 'x', '99999999999999999999']) {
    expect(message(() => integerOption('--limit', text))).toContain('--limit needs a whole number')
  }
  expect(message(() => integersOption('--horizons', '1,0', 1))).toContain("not '0'")
})
