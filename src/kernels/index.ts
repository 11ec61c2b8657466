import type { Kernel } from './kernel.ts'
import { referenceKernel } from './reference.ts'

/** A kernel as a configuration names it, for one model: what it opens shares one arena. */
export function openKernel(name: 'reference'): Kernel {
  const kernels: Readonly<Record<typeof name, () => Kernel>> = { reference: () => referenceKernel }
  return kernels[name]()
}
