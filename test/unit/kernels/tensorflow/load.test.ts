import { describe, expect, test } from 'vitest'

import {
  findPackage,
  loadTensorflow,
  restoreRemoved,
} from '../../../../src/kernels/tensorflow/load.ts'

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

  // The project installs none, and the tests that need one run with it in NODE_PATH.
  test.runIf(process.env.NODE_PATH === undefined)('is asked for with its install line', () => {
    expect(() => loadTensorflow()).toThrow(
      /not installed here: run npm install @tensorflow\/tfjs-node@4\.22\.0, or with an NVIDIA GPU npm install @tensorflow\/tfjs-node-gpu@4\.22\.0/,
    )
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
