import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { userCacheFolder } from '../../../src/broker/cache-folder.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the virtual environment lies: outside the checkout, so that it outlives it. */
export function environmentFolder(env: Environment, home = homedir()): string {
  return join(userCacheFolder(env, process.platform, home), 'headrace', 'bench-pytorch')
}

/**
 * A Python that has PyTorch: that of the bench's own virtual environment, which is made where it
 * is missing, as the user's pip is configured. pip's talk goes to stderr.
 * @param requirement what pip is to install: `torch`, or a wheel
 * @throws Error where Python 3 or the installation fails; it has said why on stderr
 */
export function pythonWithTorch(requirement: string, env: Environment): string {
  const folder = environmentFolder(env)
  const python =
    process.platform === 'win32'
      ? join(folder, 'Scripts', 'python.exe')
      : join(folder, 'bin', 'python')
  const talk = { stdio: ['ignore', 2, 2] as ['ignore', number, number] }
  if (!existsSync(python)) {
    const system = process.platform === 'win32' ? 'python' : 'python3'
    execFileSync(system, ['-m', 'venv', folder], talk)
  }
  if (!hasTorch(python)) {
    execFileSync(python, ['-m', 'pip', 'install', requirement, 'numpy'], talk)
  }
  return python
}

function hasTorch(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
