import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { brokers, createTopic } from '../support/broker.ts'
import { createApp, Run, writeConfig } from './support.ts'

/** How a run ends that cannot begin, and what it says last. */
async function refusal(file: string, args: readonly string[] = []) {
  const run = new Run(file, args)
  const { code } = await run.ended
  const [message = ''] = run.stderr
    .split('\n')
    .filter((line) => line.startsWith('headrace: '))
    .slice(-1)
  return { code, message, stderr: run.stderr }
}

test('an input topic that does not exist is named, exit code 69', async () => {
  const { file, config } = writeConfig()
  const { code, message } = await refusal(file)
  expect(code).toBe(69)
  expect(message).toContain(config.input.topic)
  expect(message).toContain('headrace topics')
})

test('missing output topics are named with the command that creates them', async () => {
  const { file, config } = writeConfig()
  await createTopic(config.input.topic)
  const { code, message } = await refusal(file)
  expect(code).toBe(69)
  expect(message).toContain(`${config.name}.predictions`)
  expect(message).toContain(`${config.name}.changelog`)
  expect(message).toContain('headrace topics')
})

test('a compacted input topic is refused', async () => {
  const app = await createApp(1, {}, { 'cleanup.policy': 'compact' })
  const { code, message } = await refusal(app.file)
  expect(code).not.toBe(0)
  expect(message).toContain('compacted')
})

test('a broker that is not there is named with what to check, exit code 69', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const { file } = writeConfig({ kafka: { brokers: [`127.0.0.1:${port}`] } })
  const { code, message } = await refusal(file)
  expect(code).toBe(69)
  expect(message).toContain(`127.0.0.1:${port}`)
  expect(message).toContain('kafka.brokers')
})

test('a refused login is said to be one, and the password is in no line', async () => {
  const sasl = { mechanism: 'plain', username: 'someone', password: 'hunter2-secret' }
  const { file } = writeConfig({ kafka: { brokers: brokers(), sasl } })
  const { code, message, stderr } = await refusal(file)
  expect(code).toBe(69)
  expect(message).toMatch(/kafka\.sasl/)
  expect(stderr).not.toContain('hunter2-secret')
})

test('a port that is taken is named before the group is joined', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const app = await createApp(1, { http: { port } })
  const { code, message } = await refusal(app.file)
  expect(code).toBe(1)
  expect(message).toContain(`${port}`)
})

test('a configuration without an input topic is refused with exit code 78', async () => {
  const { file, config } = writeConfig()
  const text = readFileSync(file, 'utf8').replace(`topic: ${config.input.topic}`, 'format: json')
  writeFileSync(file, text)
  const { code, stderr } = await refusal(file)
  expect(code).toBe(78)
  expect(stderr).toContain('input.topic')
})
