import { readFileSync } from 'node:fs'

/** The version of the package this file belongs to, in a checkout and in a package alike. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
