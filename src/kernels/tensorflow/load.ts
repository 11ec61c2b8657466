import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import util from 'node:util'
import { HeadraceError } from '../../errors.ts'
import type { Tf } from './api.ts'

/** The packages that can serve, the preferred one first; the version this kernel is tested with. */
const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const
const TENSORFLOW_VERSION = '4.22.0'

/** TensorFlow as found on this machine. */
export interface LoadedTensorflow {
  readonly tf: Tf
  readonly package: string
  /** Where it computes: a GPU package computes on the processor where it finds no GPU. */
  readonly device: 'cpu' | 'gpu'
}

/** From where packages are looked up: beside this program, then in the folder it was started in. */
type ResolvePackage = (id: string) => string

/**
 * Loads TensorFlow; in each thread only the first call takes long. Throws HEADRACE_KERNEL_ABSENT,
 * with the line that installs it, where there is none or it does not load.
 */
export function loadTensorflow(): LoadedTensorflow {
  const requires = [createRequire(import.meta.url), createRequire(resolve('package.json'))]
  const found = findPackage(requires.map((require) => require.resolve as ResolvePackage))
  if (found === null) throw absent()
  restoreRemoved(util as unknown as Record<string, unknown>)
  try {
    const tf = requires[0]!(found.path) as Tf
    const device = tf.backend().isUsingGpuDevice ? 'gpu' : 'cpu'
    return { tf, package: found.name, device }
  } catch (cause) {
    throw broken(found.name, cause)
  }
}

/** The first of the packages that any of `resolvers` finds. */
export function findPackage(
  resolvers: readonly ResolvePackage[],
): { readonly name: string; readonly path: string } | null {
  for (const name of TENSORFLOW_PACKAGES) {
    for (const find of resolvers) {
      try {
        return { name, path: find(name) }
      } catch {
        // Not there: the next one may be.
      }
    }
  }
  return null
}

/**
 * tfjs-node 4.22 calls functions that Node 23 removed from `util`: where absent they come back. The
 * other one is deprecated, and would have said so on standard error: it means the same.
 */
export function restoreRemoved(of: Record<string, unknown>): void {
  of.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  of.isArray = Array.isArray
}

/** That there is no package, with the line that installs one. */
export function absent(): HeadraceError {
  return new HeadraceError(
    'HEADRACE_KERNEL_ABSENT',
    'model.kernel is tensorflow, but TensorFlow.js is not installed here: run ' +
      `npm install ${TENSORFLOW_PACKAGES[1]}@${TENSORFLOW_VERSION}, or with an NVIDIA GPU ` +
      `npm install ${TENSORFLOW_PACKAGES[0]}@${TENSORFLOW_VERSION} (docs/gpu.md tells more)`,
  )
}

function broken(name: string, cause: unknown): HeadraceError {
  const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
  return new HeadraceError(
    'HEADRACE_KERNEL_ABSENT',
    `model.kernel is tensorflow, and ${name} is installed but does not load: ${said}; ` +
      `npm install ${name}@${TENSORFLOW_VERSION} puts it right where its install step may ` +
      'download its library (docs/gpu.md tells more)',
    { cause },
  )
}
