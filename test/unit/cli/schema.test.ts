import { expect, test } from 'vitest'
import { command } from '../../../src/cli/schema.ts'
import { testIo } from './replay-support.ts'

test('prints a JSON Schema with keys, defaults and what is required', async () => {
  const io = testIo({})
  expect(await command.run([], io)).toBe(0)
  const schema = JSON.parse(io.stdout.text)
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema.additionalProperties).toBe(false)
  expect(schema.required).toEqual(['task'])
  expect(schema.properties.task.oneOf[0].required).toEqual(['targets'])
  expect(schema.properties.model.properties.hidden).toEqual({
    type: 'integer',
    minimum: 1,
    maximum: 1024,
    default: 32,
    description: expect.any(String),
  })
  expect(schema.properties.snapshot.properties.maxReplayMs).toMatchObject({ default: 2_000 })
  expect(io.stderr.text).toBe('')
})

test('takes no other option', async () => {
  await expect(command.run(['--offline'], testIo({}))).rejects.toMatchObject({
    code: 'HEADRACE_USAGE',
  })
})
