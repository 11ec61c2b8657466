// Starts a Kafka broker as the demo and the tests do, prints its address on stdout and keeps it
// until Ctrl-C, SIGTERM, or, with --until-stdin-ends, until stdin is closed.
import { once } from 'node:events'
import { findBroker } from '../src/broker/find-broker.ts'

const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())
if (process.argv.includes('--until-stdin-ends')) {
  process.stdin.resume().on('end', () => stop.abort())
}

const broker = await findBroker({
  env: process.env,
  log: (line) => process.stderr.write(`${line}\n`),
  signal: stop.signal,
})
if (broker.kind === 'none') {
  process.stderr.write(`${broker.message}\n`)
  process.exitCode = 69
} else {
  process.stdout.write(`${broker.brokers.join(',')}\n`)
  const alive = setInterval(() => {}, 60_000)
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  clearInterval(alive)
  await broker.stop()
  process.stdin.destroy()
}
