import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../assert.ts'
import { systemClock } from '../../clock.ts'
import { openProcessor } from '../open-processor.ts'
import { systemScheduler } from '../scheduler.ts'
import { EngineServer } from './engine-server.ts'
import type { EngineRequest } from './messages.ts'
import { createOutputEncoder } from './output-encoder.ts'
import type { WorkerData } from './worker-engines.ts'

/** Entry of a worker thread: an `EngineServer` behind the thread's port. */
const port = parentPort
assert(port !== null, 'this file is the entry of a worker thread')
const { config, bounds, isWatched = true } = workerData as WorkerData

const server = new EngineServer({
  clock: systemClock,
  scheduler: systemScheduler,
  bounds,
  isWatched,
  createProcessor: () => openProcessor(config),
  createEncoder: (partition) => createOutputEncoder(config, partition),
  reply: (reply, transfer) => port.postMessage(reply, transfer ?? []),
})

port.on('message', (request: EngineRequest) => server.handle(request))
