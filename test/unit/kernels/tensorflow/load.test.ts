import { describe, expect, test } from 'vitest'

import { absent, findPackage, restoreRemoved } from '../../../../src/kernels/tensorflow/load.ts'

/** Finds the packages named and nothing else. */
function having(...names: string[]) {
  return (id: string) => {
    if (!names.includes(id)) throw new Error(`Cannot find module '${id}'`)
    return `/somewhere/${id}`
  }
}

const CPU = '@tensorflow/tfjs-node'
const GPU = '@tensorflow/tfjs-node-gpu'

describe('the package', () => {
  test('is the one for a GPU where both are installed, wherever it is found', () => {
    expect(findPackage([having(CPU, GPU)])).toEqual({ name: GPU, path: `/somewhere/${GPU}` })
    expect(findPackage([having(CPU), having(GPU)])?.name).toBe(GPU)
    expect(findPackage([having(), having(CPU)])?.name).toBe(CPU)
    expect(findPackage([having(), having()])).toBeNull()
  })

  test('is asked for with its install line', () => {
    const { code, message } = absent()
    expect(code).toBe('HEADRACE_KERNEL_ABSENT')
    expect(message).toContain('run npm install @tensorflow/tfjs-node@4.22.0, or with an NVIDIA GPU')
    expect(message).toContain('npm install @tensorflow/tfjs-node-gpu@4.22.0 (docs/gpu.md')
  })
})

describe('functions that Node 23 removed', () => {
  test('come back where they are missing', () => {
    const util: Record<string, unknown> = {}
    restoreRemoved(util)
    const isNullOrUndefined = util.isNullOrUndefined as (value: unknown) => boolean
    expect([null, undefined, 0, ''].map(isNullOrUndefined)).toEqual([true, true, false, false])
    expect((util.isArray as (value: unknown) => boolean)([])).toBe(true)
  })

  test('stay as they are where they are not', () => {
    const own = () => true
    const util: Record<string, unknown> = { isNullOrUndefined: own }
    restoreRemoved(util)
    expect(util.isNullOrUndefined).toBe(own)
  })
})
