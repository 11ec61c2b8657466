import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./support/print-hashes.ts', import.meta.url))

function hashesUnder(env: Readonly<Record<string, string>>): string {
  const child = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
    timeout: 50_000,
  })
  expect(child.stderr).toBe('')
  expect(child.status).toBe(0)
  return child.stdout
}

test('fresh processes give the same bits, in every time zone and language', () => {
  const truth = hashesUnder({ TZ: 'UTC' })
  expect(truth).toMatch(/^[0-9a-f]{16} [0-9a-f]{16}$/)
  expect(hashesUnder({ TZ: 'America/New_York' })).toBe(truth)
  expect(hashesUnder({ TZ: 'Asia/Kolkata', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toBe(
    truth,
  )
})
