import { execFile, spawn } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import { DockerIgnore } from '../../unit/deploy/docker-ignore.ts'
import {
  healthCommand,
  type Instruction,
  instructionsOf,
  parseDockerfile,
  type Stage,
} from '../../unit/deploy/dockerfile.ts'
import { readText, root } from '../../unit/deploy/repository.ts'

const exec = promisify(execFile)

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process of the image. */
export interface Container {
  readonly finished: Promise<Finished>
  stderr(): string
  kill(signal: NodeJS.Signals): void
}

/**
 * The image of deploy/Dockerfile without Docker: each stage is a folder in which its COPY and RUN
 * lines are carried out, from a context that .dockerignore has gone over. What a base image brings
 * is this machine's: Node and npm. Programs of the image run under its user, where this process may
 * become someone else, and from a tree that they may not write.
 */
export class Image {
  readonly #folder: string
  readonly #stages = new Map<string, string>()
  readonly #last: Stage
  #workdir = '/'
  #env: Record<string, string> = {}

  constructor(folder: string, last: Stage) {
    this.#folder = folder
    this.#last = last
  }

  /** Builds it in a folder of its own; `remove` takes that away. */
  static async build(): Promise<Image> {
    const stages = parseDockerfile(readText('deploy/Dockerfile'))
    const last = stages.at(-1)
    if (last === undefined) throw new Error('the Dockerfile has no stage')
    const folder = await mkdtemp(join(tmpdir(), 'headrace-image-'))
    const image = new Image(folder, last)
    // Another user has to get at it.
    await chmod(folder, 0o755)
    await copyFile(process.execPath, join(folder, 'node'))
    const ignore = new DockerIgnore(readText('.dockerignore'))
    for (const file of ignore.filesOf(root)) await copyInto(root, file, join(folder, 'context'))
    for (const stage of stages) await image.#buildStage(stage)
    return image
  }

  /** The folder that is the image's root. */
  get root(): string {
    return this.#stages.get(this.#last.name) ?? ''
  }

  /** The command of the health check. */
  get healthCheck(): readonly string[] {
    return healthCommand(instructionsOf(this.#last, 'HEALTHCHECK')[0]) ?? []
  }

  /** Starts the entry point with these words in place of CMD, as `docker run IMAGE …` does. */
  run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Container {
    const [entryPoint] = instructionsOf(this.#last, 'ENTRYPOINT')
    return this.exec([...(entryPoint?.exec ?? []), ...words], env)
  }

  /** Starts a command, as `docker exec` does. */
  exec(words: readonly string[], env: Readonly<Record<string, string>> = {}): Container {
    const [program, ...args] = words
    if (program !== 'node') throw new Error(`the image runs node, not ${program}`)
    const [uid, gid] = (instructionsOf(this.#last, 'USER')[0]?.text ?? '').split(':').map(Number)
    const inside = args.map((word) => (word.startsWith('/opt/') ? join(this.root, word) : word))
    const child = spawn(join(this.#folder, 'node'), inside, {
      cwd: join(this.root, this.#workdir),
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
    return { finished, stderr: () => stderr, kill: (signal) => void child.kill(signal) }
  }

  async remove(): Promise<void> {
    await exec('chmod', ['-R', 'u+w', this.#folder])
    await rm(this.#folder, { recursive: true })
  }

  async #buildStage(stage: Stage): Promise<void> {
    const folder = join(this.#folder, 'stages', stage.name)
    this.#stages.set(stage.name, folder)
    this.#workdir = '/'
    this.#env = {}
    await mkdir(folder, { recursive: true })
    for (const instruction of stage.instructions) await this.#carryOut(instruction, folder)
    // As a read-only root is, whoever runs in it.
    if (stage === this.#last) await exec('chmod', ['-R', 'a-w,a+rX', folder])
  }

  async #carryOut({ name, text, flags, exec: words }: Instruction, folder: string): Promise<void> {
    const cwd = join(folder, this.#workdir)
    switch (name) {
      case 'WORKDIR':
        this.#workdir = text
        await mkdir(join(folder, text), { recursive: true })
        break
      case 'ENV': {
        const [key = '', value = ''] = text.split('=')
        this.#env[key] = value
        break
      }
      case 'COPY':
        await this.#copy(text.split(/\s+/), flags.get('from'), folder)
        break
      case 'RUN': {
        const env = { ...process.env, ...this.#env, npm_config_prefer_offline: 'true' }
        const [program = '', ...args] = words ?? ['sh', '-c', text]
        await exec(program === 'node' ? process.execPath : program, args, { cwd, env })
        break
      }
    }
  }

  /** A folder's content goes into the target; a file becomes the target, or goes into a folder. */
  async #copy(words: readonly string[], from: string | undefined, folder: string): Promise<void> {
    const target = words.at(-1) ?? ''
    const origin = from === undefined ? join(this.#folder, 'context') : this.#stages.get(from)
    if (origin === undefined) throw new Error(`there is no stage ${from}`)
    for (const source of words.slice(0, -1)) {
      const path = join(origin, source)
      const isFolder = (await stat(path)).isDirectory()
      const into = join(folder, posix.resolve(this.#workdir, target))
      const isInto = target.endsWith('/')
      await cp(path, isInto && !isFolder ? join(into, posix.basename(source)) : into, {
        recursive: true,
        verbatimSymlinks: true,
      })
    }
  }
}

async function copyInto(from: string, file: string, folder: string): Promise<void> {
  const target = join(folder, file)
  await mkdir(dirname(target), { recursive: true })
  await copyFile(join(from, file), target)
}
