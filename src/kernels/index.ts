import type { Kernel } from './kernel.ts'
import { referenceKernel } from './reference.ts'
import { openTensorflowKernel } from './tensorflow/index.ts'
import { openWasmKernel } from './wasm.ts'

const kernels = {
  wasm: openWasmKernel,
  reference: () => referenceKernel,
  tensorflow: openTensorflowKernel,
} as const satisfies Readonly<Record<string, () => Kernel>>

/**
 * A kernel as a configuration names it, for one model: what it opens shares one arena.
 * @throws HeadraceError HEADRACE_KERNEL_ABSENT
 */
export function openKernel(name: keyof typeof kernels): Kernel {
  return kernels[name]()
}
