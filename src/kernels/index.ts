import type { Kernel } from './kernel.ts'
import { referenceKernel } from './reference.ts'

/** The kernel that a configuration names. */
export function kernelNamed(name: 'reference'): Kernel {
  const kernels: Readonly<Record<typeof name, Kernel>> = { reference: referenceKernel }
  return kernels[name]
}
