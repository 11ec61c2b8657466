import type { LoadedRow } from './engine/messages.ts'
import type { EngineSession } from './engine-session.ts'
import type { Changelog } from './ports.ts'
import { type Manifest, parseRowKey } from './snapshot-log.ts'

/** Bytes of rows in one message to the engine, about. */
const messageBytes = 1_048_576

/** Reads the rows of the manifest's slot and sends them to the engine in the order of the log. */
export async function loadSnapshot(
  changelog: Changelog,
  query: { readonly partition: number; readonly until: bigint; readonly manifest: Manifest },
  session: Pick<EngineSession, 'load'>,
): Promise<void> {
  const { partition, until, manifest } = query
  let rows: LoadedRow[] = []
  let bytes = 0
  const send = async (): Promise<void> => {
    const ready = rows
    rows = []
    bytes = 0
    if (ready.length > 0) await session.load(ready)
  }
  await changelog.read(
    partition,
    { until },
    ({ key, value }) => {
      if (parseRowKey(key)?.slot !== manifest.slot) return
      // Copies: what the visitor is shown lies in a buffer of the client's.
      rows.push({ key: Uint8Array.from(key), value: value && Uint8Array.from(value) })
      bytes += key.length + (value?.length ?? 0)
    },
    async () => {
      if (bytes >= messageBytes) await send()
    },
  )
  await send()
}
