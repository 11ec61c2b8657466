// Writes docs/metrics.md from the table of metrics; a test fails while the page is out of date.
import { mkdirSync, writeFileSync } from 'node:fs'
import { metricsPage } from '../src/telemetry/metrics-page.ts'

mkdirSync(new URL('../docs/', import.meta.url), { recursive: true })
writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsPage())
