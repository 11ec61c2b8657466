// Builds dist/ for the package and the image with the compilers of the dev dependencies.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, rmSync } from 'node:fs'
import { compileKernel } from './kernel.js'

const root = new URL('..', import.meta.url)
compileKernel()
rmSync(new URL('dist', root), { recursive: true, force: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
})
copyFileSync(new URL('src/kernels/kernel.wasm', root), new URL('dist/kernels/kernel.wasm', root))
// The live page is read as it is, from beside the module that puts it together.
const page = 'telemetry/page/client/'
for (const part of ['page.html', 'page.css', 'script']) {
  cpSync(new URL(`src/${page}${part}`, root), new URL(`dist/${page}${part}`, root), {
    recursive: true,
  })
}
