import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { demoFile } from '../../../src/cli/demo-data.ts'
import { openMemoryLog } from '../../../src/cli/demo-log.ts'
import { startDemoService } from '../../../src/cli/demo-service.ts'
import { systemClock } from '../../../src/clock.ts'
import { loadServiceConfig } from '../../../src/config/load.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

test('data of the demo need the token that its configuration names', async () => {
  const token = 'a-token-of-24-characters'
  const sets = ['http.port=0', `http.token=${token}`]
  const { config } = loadServiceConfig({
    file: fileURLToPath(demoFile('taxi.yaml')),
    env: {},
    sets,
  })
  const logger = createLogger({ level: 'silent', stream: process.stderr, clock: systemClock })
  const service = await startDemoService(config, openMemoryLog(), logger)
  try {
    const url = `${service.http.url}/sequences`
    expect((await fetch(url)).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(url, { headers })).status).toBe(200)
  } finally {
    await service.stop()
  }
})
