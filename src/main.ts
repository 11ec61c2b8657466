import type { Command, Io } from './cli/command.ts'
import { usageError } from './cli/options.ts'
import { packageVersion } from './cli/version.ts'
import { nearestName } from './config/nearest.ts'
import { HeadraceError } from './errors.ts'

const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  run: () => import('./cli/run.ts'),
  replay: () => import('./cli/replay.ts'),
  verify: () => import('./cli/verify.ts'),
  demo: () => import('./cli/demo.ts'),
  inspect: () => import('./cli/inspect.ts'),
  sample: () => import('./cli/sample.ts'),
  init: () => import('./cli/init.ts'),
  bench: () => import('./cli/bench.ts'),
  validate: () => import('./cli/validate.ts'),
  schema: () => import('./cli/schema.ts'),
  topics: () => import('./cli/topics.ts'),
}

async function overview(): Promise<string> {
  const lines = [
    'headrace: learns from a Kafka topic for ever',
    '',
    'Usage: headrace COMMAND …',
    '',
  ]
  for (const [name, load] of Object.entries(commands)) {
    lines.push(`  ${name.padEnd(10)} ${(await load()).command.summary}`)
  }
  lines.push('', 'headrace COMMAND --help tells more; headrace --version prints the version.')
  return `${lines.join('\n')}\n`
}

async function loadCommand(name: string): Promise<{ command: Command }> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load !== undefined) return load()
  const nearest = nearestName(name, Object.keys(commands))
  const hint = nearest === undefined ? 'headrace --help lists them' : `did you mean '${nearest}'?`
  throw usageError(`There is no command '${name}'; ${hint}`)
}

/** argv (without node and script) → exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // TensorFlow reads these when it is loaded, from the environment of the process and no worker's.
  // What it would say on standard error is for its own developers; without oneDNN the bits of a
  // row depend on how many go beside it; NVIDIA's TF32 would round to ten bits of mantissa.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_ENABLE_ONEDNN_OPTS = '1'
  process.env.NVIDIA_TF32_OVERRIDE = '0'
  const [name, ...args] = argv
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${packageVersion()}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const out = name === undefined ? io.stderr : io.stdout
    out.write(await overview())
    return name === undefined ? 2 : 0
  }
  try {
    const { command } = await loadCommand(name)
    if (args.includes('--help') || args.includes('-h')) {
      io.stdout.write(command.help)
      return 0
    }
    return await command.run(args, io)
  } catch (error) {
    if (!(error instanceof HeadraceError)) {
      io.stderr.write(`headrace: internal error: ${(error as Error).stack ?? String(error)}\n`)
      return 70
    }
    // The reader of a file named /dev/stdout may go away too.
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return 0
    io.stderr.write(`headrace: ${error.message}\n`)
    return error.exitCode
  }
}

/** SIGINT and SIGTERM end a command cleanly; a second SIGINT ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  })
  process.on('SIGTERM', () => controller.abort())
  return controller.signal
}

// A reader that has gone away (`headrace replay … | head`) is no error of ours; a full disk is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`headrace: the output cannot be written: ${error.message}\n`)
  process.exit(1)
})
/** How long something forgotten may keep the process alive once the command has ended. */
const lingerMs = 500

process.exitCode = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: stopSignal(),
})
// What is still being written keeps its time; a socket or timer that was left behind does not.
setInterval(() => {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit()
}, lingerMs).unref()
