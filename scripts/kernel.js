// Compiles the AssemblyScript kernel to src/kernels/kernel.wasm, unless that is newer than all that
// it is made from.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const sources = new URL('src/kernels/assembly/', root)
const target = new URL('src/kernels/kernel.wasm', root)

// SIMD, but never relaxed SIMD, whose results may differ between processors; no garbage collector
// and no allocator, because all memory is laid out by the caller.
const options = [
  ['--optimizeLevel', '3'],
  ['--shrinkLevel', '0'],
  ['--noAssert'],
  ['--runtime', 'stub'],
  ['--enable', 'simd'],
  ['--disable', 'relaxed-simd'],
  ['--importMemory'],
  ['--noExportMemory'],
].flat()

/** Throws when the compiler finds a fault; its report is on stderr. */
export function compileKernel() {
  if (isCurrent()) return
  const compiler = fileURLToPath(new URL('node_modules/assemblyscript/bin/asc.js', root))
  const entry = 'src/kernels/assembly/index.ts'
  // Several processes may prepare the same checkout at once: each puts a whole file in place.
  const built = `${fileURLToPath(target)}.${process.pid}`
  try {
    execFileSync(process.execPath, [compiler, entry, '-o', built, ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    renameSync(built, target)
  } finally {
    rmSync(built, { force: true })
  }
}

function isCurrent() {
  if (!existsSync(target) || !WebAssembly.validate(readFileSync(target))) return false
  const built = statSync(target).mtimeMs
  const inputs = readdirSync(sources).map((name) => new URL(name, sources))
  inputs.push(new URL(import.meta.url), new URL('package-lock.json', root))
  return inputs.every((input) => statSync(input).mtimeMs < built)
}
