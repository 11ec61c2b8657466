#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: it says what is missing before anything newer is
// loaded. In a checkout the TypeScript sources run as they are; in a package dist/ was built.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `headrace needs Node 22.18 or later; this is ${process.version}. In a checkout run it as ` +
      '`npx headrace` after `npm ci`, which brings a Node of its own.\n',
  )
  process.exitCode = 78
} else {
  const source = new URL('../src/main.ts', import.meta.url)
  const built = new URL('../dist/main.js', import.meta.url)
  await import((existsSync(source) ? source : built).href)
}
