import { execFile } from 'node:child_process'
import { binary } from '../service/support.ts'

const deadlineMs = 120_000

/**
 * Has `headrace verify` prove the run, and adds to `problems` where it does not. Resolves with what
 * it printed.
 */
export async function verify(configFile: string, problems: string[]): Promise<string> {
  const { code, stdout, stderr } = await headrace('verify', '-c', configFile)
  if (code !== 0 || !/predictions, \d.* commits verified/.test(`${stdout}${stderr}`)) {
    problems.push(`headrace verify: exit code ${code}: ${stdout}${stderr}`)
  }
  return stdout.trim()
}

function headrace(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { timeout: deadlineMs, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [binary, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1)
      resolve({ code, stdout, stderr })
    })
  })
}
