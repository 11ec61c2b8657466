import type { Kernel, KernelDevice } from './kernel.ts'
import { referenceKernel } from './reference.ts'
import { openTensorflowKernel } from './tensorflow/index.ts'
import { loadTensorflow } from './tensorflow/load.ts'
import { openWasmKernel } from './wasm.ts'

const kernels = {
  wasm: openWasmKernel,
  reference: () => referenceKernel,
  tensorflow: openTensorflowKernel,
} as const satisfies Readonly<Record<string, () => Kernel>>

export type { KernelDevice } from './kernel.ts'
export type KernelName = keyof typeof kernels

/**
 * A kernel as a configuration names it, for one model: what it opens shares one arena.
 * @throws HeadraceError HEADRACE_KERNEL_ABSENT
 */
export function openKernel(name: KernelName): Kernel {
  return kernels[name]()
}

/**
 * Where a kernel computes on this machine.
 * @throws HeadraceError HEADRACE_KERNEL_ABSENT
 */
export function kernelDevice(name: KernelName): KernelDevice {
  return name === 'tensorflow' ? loadTensorflow().device : 'host'
}
