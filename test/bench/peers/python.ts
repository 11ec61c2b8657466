import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { userCacheFolder } from '../../../src/broker/cache-folder.ts'
import { usageError } from '../../../src/cli/options.ts'

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
  if (!existsSync(python)) {
    const system = process.platform === 'win32' ? 'python' : 'python3'
    install(system, ['-m', 'venv', folder], `a virtual environment in ${folder}`)
  }
  if (!hasTorch(python)) {
    install(python, ['-m', 'pip', 'install', requirement, 'numpy'], `PyTorch by pip in ${folder}`)
  }
  return python
}

/**
 * The Python that the user named.
 * @throws HeadraceError HEADRACE_USAGE where it does not start; Error where it has no PyTorch
 */
export function givenPython(python: string): string {
  if (spawnSync(python, ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw usageError(`--python: '${python}' cannot be run.`)
  }
  if (!hasTorch(python)) throw new Error(`${python} has no PyTorch: 'import torch' fails there.`)
  return python
}

/** Runs one step of the installation, whose talk goes to stderr. */
function install(program: string, args: readonly string[], what: string): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 2, 2] })
  if (error !== undefined) throw new Error(`${what}: ${program} cannot be run.`)
  if (status !== 0) throw new Error(`${what}: failed; the lines above say why.`)
}

function hasTorch(python: string): boolean {
  return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0
}
