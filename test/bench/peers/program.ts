import { HeadraceError } from '../../../src/errors.ts'

/**
 * Runs a program of the benches and returns its exit code. What a user can mend is one line on
 * stderr, without a stack: 2 for the command line, 1 for what failed.
 */
export async function runProgram(
  name: string,
  main: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
): Promise<number> {
  try {
    return await main(args)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${name}: ${message.split('\n')[0]}\n`)
    return error instanceof HeadraceError ? error.exitCode : 1
  }
}
