// `node scripts/tensorflow/install.js [cpu|gpu] [--into FOLDER]`: tfjs-node from package registries
// alone.
//
// The package's own install step downloads TensorFlow's library and a prebuilt binding from
// elsewhere. Here the library comes out of TensorFlow's Python wheel of the very version that
// tfjs-node wants, and the binding, which is pure Node-API, is compiled with the headers of the npm
// package node-api-headers. Prints the folder to set NODE_PATH to.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { userCacheFolder } from '../../src/broker/cache-folder.ts'
import { libraryVersion, run, unpackWheel, wheels } from './wheels.js'

const tfjsVersion = '4.22.0'

/** @typedef {'cpu' | 'gpu'} Kind */

const npmNames = { cpu: 'tfjs-node', gpu: 'tfjs-node-gpu' }

/** What it runs, each with the Debian package that brings it. */
const tools = {
  'python3 -m pip': 'python3-pip',
  unzip: 'unzip',
  gcc: 'gcc',
  'g++': 'g++',
  nm: 'binutils',
  readelf: 'binutils',
}

const help = `node scripts/tensorflow/install.js [cpu|gpu] [--into FOLDER]

Installs @tensorflow/tfjs-node (cpu, the default) or @tensorflow/tfjs-node-gpu ${tfjsVersion}
on Linux x64 from npm and PyPI packages alone: for machines on which the packages' own install step
must not download. cpu takes half a minute and 0.6 GB; gpu, with CUDA 11.8 and cuDNN 8.9, two
minutes and 4 GB.
Needs npm, ${Object.keys(tools).join(', ')}.

  --into FOLDER   default: headrace's part of the user's cache folder

Prints the folder for NODE_PATH, with which headrace finds it:
  export NODE_PATH=$(node scripts/tensorflow/install.js)
`

/** Debian packages of the programs that are not in the PATH. */
export function missingPackages() {
  const missing = Object.entries(tools).filter(([tool]) => !answers(tool))
  return [...new Set(missing.map(([, name]) => name))]
}

/** @param {string} tool */
function answers(tool) {
  const [program = '', ...args] = tool.split(' ')
  const version = program === 'unzip' ? '-v' : '--version'
  return spawnSync(program, [...args, version], { stdio: 'ignore' }).status === 0
}

/**
 * Installs it unless it is there, and returns the folder for NODE_PATH. `into` is put in place as a
 * whole: what was interrupted is not taken for finished.
 * @param {Kind} kind
 * @param {string} [into]
 */
export function installTensorflow(kind, into = defaultFolder(kind)) {
  const modules = join(into, 'node_modules')
  const binding = join(modules, '@tensorflow', npmNames[kind], 'lib/napi-v8/tfjs_binding.node')
  if (existsSync(binding)) return modules
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('It is known how to do this on Linux x64 alone.')
  }
  mkdirSync(dirname(into), { recursive: true })
  const work = mkdtempSync(`${into}.`)
  try {
    say(`Installing @tensorflow/${npmNames[kind]} ${tfjsVersion} into ${into}`)
    build(kind, work)
    // For whoever runs the service, not only for who installs it.
    chmodSync(work, 0o755)
    // Another may have been faster.
    if (!existsSync(binding)) renameSync(work, into)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return modules
}

/** @param {Kind} kind */
function defaultFolder(kind) {
  const cache = userCacheFolder(process.env, process.platform, homedir())
  return join(cache, 'headrace', `${npmNames[kind]}-${tfjsVersion}`)
}

/**
 * @param {Kind} kind
 * @param {string} folder
 */
function build(kind, folder) {
  const npm = npmNames[kind]
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const packages = [`@tensorflow/${npm}@${tfjsVersion}`, 'node-api-headers@1']
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['install', ...quiet, ...packages], folder)
  const home = join(folder, 'node_modules/@tensorflow', npm)
  for (const each of ['deps', 'lib/napi-v8']) mkdirSync(join(home, each), { recursive: true })
  for (const wheel of wheels[kind]) {
    say(`  ${wheel.name} ${wheel.version}`)
    unpackWheel(wheel, join(home, 'deps'))
  }
  linkLibrary(join(home, 'deps/lib'))
  compileBinding(folder, home)
  // Nobody compiles against it again.
  rmSync(join(home, 'deps/include'), { recursive: true })
}

/**
 * libtensorflow.so: the wheel's extension module has TensorFlow's C interface, but leaves symbols
 * of Python open. A library of stand-ins has them, of which none is ever called.
 * @param {string} library
 */
function linkLibrary(library) {
  const internal = '_pywrap_tensorflow_internal.so'
  writeFileSync(join(library, 'stand-ins.c'), standIns(join(library, internal)))
  const name = `libtensorflow.so.${libraryVersion}`
  const soname = 'libtensorflow.so.2'
  const link = ['-Wl,--no-as-needed', '-L.', `-l:${internal}`, '-Wl,-rpath,$ORIGIN']
  const shared = ['-shared', '-fPIC', '-O1', '-o', name, `-Wl,-soname,${soname}`]
  run('gcc', [...shared, 'stand-ins.c', ...link], library)
  rmSync(join(library, 'stand-ins.c'))
  symlinkSync(name, join(library, soname))
  symlinkSync(soname, join(library, 'libtensorflow.so'))
  symlinkSync('libtensorflow_framework.so.2', join(library, 'libtensorflow_framework.so'))
}

/**
 * C source of the symbols of Python that a library leaves open: zeros for data, for functions one
 * that says so and ends the process.
 * @param {string} path
 */
function standIns(path) {
  const read = (/** @type {string} */ program, /** @type {string[]} */ args) =>
    execFileSync(program, [...args, path], { encoding: 'utf8', maxBuffer: 2 ** 30 }).split('\n')
  const open = new Set(
    read('nm', ['-D', '--undefined-only'])
      .map((line) => line.trim().split(/\s+/).at(-1)?.split('@')[0] ?? '')
      .filter((symbol) => /^_?Py/.test(symbol)),
  )
  const data = new Set(
    read('readelf', ['-rW']).flatMap((line) => {
      const [, , kind, , symbol = ''] = line.trim().split(/\s+/)
      const isData = /^R_X86_64_(GLOB_DAT|64|COPY)$/.test(kind ?? '')
      return isData && open.has(symbol.split('@')[0] ?? '') ? [symbol.split('@')[0]] : []
    }),
  )
  const lines = [...open]
    .sort()
    .map((symbol) => `${data.has(symbol) ? 'DATA' : 'FUNCTION'}(${symbol})`)
  return [
    '#include <stdio.h>',
    '#include <stdlib.h>',
    '#define OPEN __attribute__((visibility("default"), aligned(64)))',
    '#define DATA(name) OPEN char name[1024];',
    '#define FUNCTION(name) OPEN void *name(void) { called(#name); return 0; }',
    'static void called(const char *name) {',
    '  fprintf(stderr, "Python was called: %s\\n", name);',
    '  abort();',
    '}',
    ...lines,
    '',
  ].join('\n')
}

/**
 * What the package's binding.gyp describes, in one call of the compiler.
 * @param {string} folder
 * @param {string} home
 */
function compileBinding(folder, home) {
  say('  the binding')
  const defined = ['NAPI_VERSION=8', 'NODE_GYP_MODULE_NAME=tfjs_binding', 'BUILDING_NODE_EXTENSION']
  const headers = join(folder, 'node_modules/node-api-headers/include')
  const link = ['-Wl,--no-as-needed', '-Ldeps/lib', '-ltensorflow', '-ltensorflow_framework']
  run(
    'g++',
    [
      ...['-O2', '-std=c++17', '-fPIC', '-shared', ...defined.map((name) => `-D${name}`)],
      ...[`-I${headers}`, '-Ideps/include', 'binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'],
      ...['-o', 'lib/napi-v8/tfjs_binding.node', ...link, '-Wl,-rpath,$ORIGIN/../../deps/lib'],
    ],
    home,
  )
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { into: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const [kind = 'cpu'] = positionals
  if (values.help) process.stdout.write(help)
  else if (kind !== 'cpu' && kind !== 'gpu') {
    say(`It is cpu or gpu, not '${kind}': node scripts/tensorflow/install.js --help`)
    process.exitCode = 2
  } else {
    const missing = missingPackages()
    if (missing.length > 0) {
      const names = missing.join(' ')
      say(`Needs programs that are not here. On Debian and Ubuntu: apt-get install ${names}`)
      process.exitCode = 1
    } else {
      const into = values.into === undefined ? undefined : resolve(values.into)
      process.stdout.write(`${installTensorflow(kind, into)}\n`)
    }
  }
}
