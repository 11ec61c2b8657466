// `node scripts/tensorflow.js [cpu|gpu] [--into FOLDER]`: tfjs-node from package registries alone.
//
// The package's own install step downloads TensorFlow's library and a prebuilt binding from
// elsewhere. Here the library comes out of TensorFlow's Python wheel of the very version that
// tfjs-node wants, and the binding, which is pure Node-API, is compiled with the headers of the npm
// package node-api-headers. Prints the folder to set NODE_PATH to.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { userCacheFolder } from '../src/broker/cache-folder.ts'

const tfjsVersion = '4.22.0'
const libraryVersion = '2.9.1'

/** @typedef {'cpu' | 'gpu'} Kind */

const kinds = {
  cpu: {
    npm: 'tfjs-node',
    wheel: 'tensorflow-cpu',
    sha256: '6666ddeae45e1f41da788cb4bdea3435aba16edb0bc17b7ac00631c7c9eb052e',
  },
  gpu: {
    npm: 'tfjs-node-gpu',
    wheel: 'tensorflow',
    sha256: 'add2f4e55fd7209a5cb01d815364adc9827184d74a83c2f1616c72be2e85c8b7',
  },
}

/** What it runs, each with the Debian package that brings it. */
const tools = {
  'python3 -m pip': 'python3-pip',
  unzip: 'unzip',
  gcc: 'gcc',
  'g++': 'g++',
  nm: 'binutils',
  readelf: 'binutils',
}

const help = `node scripts/tensorflow.js [cpu|gpu] [--into FOLDER]

Installs @tensorflow/tfjs-node (cpu, the default) or @tensorflow/tfjs-node-gpu ${tfjsVersion}
on Linux x64 from npm and PyPI packages alone: for machines on which the packages' own install step
must not download. Takes a minute and 0.5 GB (gpu: 1.5 GB).
Needs npm, ${Object.keys(tools).join(', ')}.

  --into FOLDER   default: headrace's part of the user's cache folder

Prints the folder for NODE_PATH, with which headrace finds it:
  export NODE_PATH=$(node scripts/tensorflow.js)
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
export async function installTensorflow(kind, into = defaultFolder(kind)) {
  const modules = join(into, 'node_modules')
  if (existsSync(modules)) return modules
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('It is known how to do this on Linux x64 alone.')
  }
  mkdirSync(dirname(into), { recursive: true })
  const work = mkdtempSync(`${into}.`)
  try {
    say(`Installing @tensorflow/${kinds[kind].npm} ${tfjsVersion} into ${into}`)
    await build(kind, work)
    renameSync(work, into)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return modules
}

/** @param {Kind} kind */
function defaultFolder(kind) {
  const cache = userCacheFolder(process.env, process.platform, homedir())
  return join(cache, 'headrace', `${kinds[kind].npm}-${tfjsVersion}`)
}

/**
 * @param {Kind} kind
 * @param {string} folder
 */
async function build(kind, folder) {
  const { npm } = kinds[kind]
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const packages = [`@tensorflow/${npm}@${tfjsVersion}`, 'node-api-headers@1']
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['install', ...quiet, ...packages], folder)
  const home = join(folder, 'node_modules/@tensorflow', npm)
  const library = join(home, 'deps/lib')
  for (const each of ['deps/lib', 'lib/napi-v8']) {
    mkdirSync(join(home, each), { recursive: true })
  }
  await unpackWheel(kind, folder, home)
  linkLibrary(library)
  compileBinding(folder, home)
}

/**
 * Library and headers, out of the Python wheel.
 * @param {Kind} kind
 * @param {string} folder
 * @param {string} home
 */
async function unpackWheel(kind, folder, home) {
  const { wheel, sha256 } = kinds[kind]
  const wheels = join(folder, 'wheels')
  say(`  the library: ${wheel} ${libraryVersion}`)
  const platforms = ['manylinux2014_x86_64', 'manylinux_2_17_x86_64']
  const place = platforms.flatMap((platform) => ['--platform', platform])
  const only = ['--no-deps', '--only-binary=:all:', '--python-version', '3.10', ...place]
  run('python3', [
    '-m',
    'pip',
    'download',
    '-q',
    '-d',
    wheels,
    ...only,
    `${wheel}==${libraryVersion}`,
  ])
  const [name] = readdirSync(wheels)
  if (name === undefined) throw new Error(`pip has not downloaded ${wheel}.`)
  const path = join(wheels, name)
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const found = hash.digest('hex')
  if (found !== sha256) throw new Error(`${name} has the SHA-256 ${found}, not ${sha256}.`)
  const framework = 'tensorflow/libtensorflow_framework.so.2'
  const internal = 'tensorflow/python/_pywrap_tensorflow_internal.so'
  run('unzip', ['-q', path, 'tensorflow/include/*', framework, internal], wheels)
  renameSync(join(wheels, 'tensorflow/include'), join(home, 'deps/include'))
  for (const file of [framework, internal]) {
    renameSync(join(wheels, file), join(home, 'deps/lib', file.split('/').at(-1) ?? ''))
  }
  rmSync(wheels, { recursive: true })
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

/**
 * Runs a program; what it says goes to stderr.
 * @param {string} program
 * @param {string[]} args
 * @param {string} [cwd]
 */
function run(program, args, cwd) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2], timeout: 900_000 })
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
    say(`It is cpu or gpu, not '${kind}': node scripts/tensorflow.js --help`)
    process.exitCode = 2
  } else {
    const missing = missingPackages()
    if (missing.length > 0) {
      const names = missing.join(' ')
      say(`Needs programs that are not here. On Debian and Ubuntu: apt-get install ${names}`)
      process.exitCode = 1
    } else {
      const into = values.into === undefined ? undefined : resolve(values.into)
      process.stdout.write(`${await installTensorflow(kind, into)}\n`)
    }
  }
}
