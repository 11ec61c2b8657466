import { expect, test } from 'vitest'
import { runCommand } from '../../../src/broker/command.ts'

const env = { PATH: '/usr/bin:/bin' }

// It holds true: a program's end is told apart from its absence and from our impatience.
test('exit code and output of both streams, without colours', async () => {
  const script = 'printf "\\033[31mred\\033[0m\\n"; echo said >&2; exit 3'
  const result = await runCommand('sh', ['-c', script], { env, timeoutMs: 5_000 })
  expect(result?.exitCode).toBe(3)
  expect(result?.output.split('\n').sort()).toEqual(['red', 'said'])
})

test('a program that is not on the PATH of env is null', async () => {
  expect(await runCommand('sh', ['-c', 'true'], { env: { PATH: '/none' }, timeoutMs: 1 })).toBe(
    null,
  )
})

test('one that takes too long is killed', async () => {
  const result = await runCommand('sh', ['-c', 'exec sleep 30'], { env, timeoutMs: 100 })
  expect(result?.exitCode).toBe(null)
})

test('an abort rejects', async () => {
  const abort = new AbortController()
  const running = runCommand('sh', ['-c', 'exec sleep 30'], {
    env,
    timeoutMs: 30_000,
    signal: abort.signal,
  })
  abort.abort()
  await expect(running).rejects.toThrow(/abort/)
})
