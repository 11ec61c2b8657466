// Libraries out of Python wheels, which PyPI keeps for ever: TensorFlow's own and, for a GPU, those
// of CUDA 11.8 and cuDNN 8.9. TensorFlow 2.9 was built with CUDA 11.2 and cuDNN 8.1, of which later
// minor versions are compatible; these know GPUs up to Hopper.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The TensorFlow that tfjs-node 4.22 is made for. */
export const libraryVersion = '2.9.1'

/** @typedef {{ name: string, version: string, sha256: string, takes: readonly string[] }} Wheel */

const headers = 'tensorflow/include'
const ofTensorflow = [
  `${headers}/*`,
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/python/_pywrap_tensorflow_internal.so',
]
const ofNvidia = ['nvidia/*/lib/*.so*']

/** @type {Record<'cpu' | 'gpu', readonly Wheel[]>} */
export const wheels = {
  cpu: [
    {
      name: 'tensorflow-cpu',
      version: libraryVersion,
      sha256: '6666ddeae45e1f41da788cb4bdea3435aba16edb0bc17b7ac00631c7c9eb052e',
      takes: ofTensorflow,
    },
  ],
  gpu: [
    {
      name: 'tensorflow',
      version: libraryVersion,
      sha256: 'add2f4e55fd7209a5cb01d815364adc9827184d74a83c2f1616c72be2e85c8b7',
      takes: ofTensorflow,
    },
    {
      name: 'nvidia-cuda-runtime-cu11',
      version: '11.8.89',
      sha256: '92d04069a987e1fbc9213f8376d265df0f7bb42617d44f5eda1f496acea7f2d1',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-cublas-cu11',
      version: '11.11.3.6',
      sha256: '60252822adea5d0b10cd990a7dc7bedf7435f30ae40083c7a624a85a43225abc',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-cudnn-cu11',
      version: '8.9.6.50',
      sha256: '319a8f7ca3d65139f1b69998595c7076ae0e4271a325e5dfde50a3ca31f55584',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-cufft-cu11',
      version: '10.9.0.58',
      sha256: 'e21037259995243cc370dd63c430d77ae9280bedb68d5b5a18226bfc92e5d748',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-curand-cu11',
      version: '10.3.0.86',
      sha256: 'cd4cffbf78bb06580206b4814d5dc696d1161c902aae37b2bba00056832379e6',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-cusolver-cu11',
      version: '11.4.1.48',
      sha256: 'ea9fb1ad8c644ca9ed55af13cc39af3b7ba4c3eb5aef18471fe1fe77d94383cb',
      takes: ofNvidia,
    },
    {
      name: 'nvidia-cusparse-cu11',
      version: '11.7.5.86',
      sha256: '8d7cf1628fd8d462b5d2ba6678fae34733a48ecb80495b9c68672ec6a6dde5ef',
      takes: ofNvidia,
    },
  ],
}

/**
 * Downloads a wheel and moves what it takes of it: headers to `deps`/include, libraries to
 * `deps`/lib.
 * @param {Wheel} wheel
 * @param {string} deps
 */
export function unpackWheel({ name, version, sha256, takes }, deps) {
  const folder = join(deps, name)
  const platforms = ['manylinux1', 'manylinux2014', 'manylinux_2_17']
  const place = platforms.flatMap((platform) => ['--platform', `${platform}_x86_64`])
  const only = ['--no-deps', '--only-binary=:all:', '--python-version', '3.10', ...place]
  // pip refuses a file with another hash, and of several files takes the one with this.
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'wanted'), `${name}==${version} --hash=sha256:${sha256}\n`)
  const pip = ['-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--require-hashes']
  run('python3', [...pip, ...only, '-d', '.', '-r', 'wanted'], folder)
  const file = readdirSync(folder).find((entry) => entry.endsWith('.whl'))
  if (file === undefined) throw new Error(`pip has not downloaded ${name} ${version}.`)
  run('unzip', ['-q', file, ...takes], folder)
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (entry === headers) renameSync(join(folder, entry), join(deps, 'include'))
  }
  mkdirSync(join(deps, 'lib'), { recursive: true })
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const base = entry.split('/').at(-1) ?? ''
    if (/\.so(\.\d+)*$/.test(base)) renameSync(join(folder, entry), join(deps, 'lib', base))
  }
  rmSync(folder, { recursive: true })
}

/**
 * Runs a program; what it says goes to stderr.
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 */
export function run(program, args, cwd) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2], timeout: 900_000 })
}
