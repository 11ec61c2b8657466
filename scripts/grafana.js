// Writes grafana/dashboards/ from grafana/src/; a test fails while a dashboard is out of date.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dashboardFiles } from '../grafana/src/index.ts'

const folder = new URL('../grafana/dashboards/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const { name, text } of dashboardFiles()) writeFileSync(new URL(name, folder), text)
