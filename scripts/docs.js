// Writes docs/errors.md and docs/configuration.md from the table of errors and the schema; a test
// fails while a page is out of date.
import { mkdirSync, writeFileSync } from 'node:fs'
import { configurationPage } from '../src/config/configuration-page.ts'
import { errorsPage } from '../src/config/errors-page.ts'

const folder = new URL('../docs/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('configuration.md', folder), configurationPage())
writeFileSync(new URL('errors.md', folder), errorsPage())
