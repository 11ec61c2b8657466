import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's root, with a slash at the end. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A text file by its path from the root. */
export function readText(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8')
}
