import type { ForecastConfig } from '../config/schema.ts'
import type { Decoder } from '../record/decoder.ts'
import type { Data } from './rows.ts'

/** A record as it lies in a file. */
export interface WorkloadRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly timestampMs: number | null
}

/** The records of a workload from the first one; to be iterated once. */
export interface WorkloadRecords extends AsyncIterable<readonly WorkloadRecord[]> {
  readonly decoder: Decoder
}

/** What a model learns from, and under which configuration. */
export interface Workload extends Data {
  readonly config: ForecastConfig
  open(): Promise<WorkloadRecords>
}

/** All records of a workload in memory, and the decoder that fits them. */
export async function readAll(workload: Workload): Promise<{
  readonly records: readonly WorkloadRecord[]
  readonly decoder: Decoder
}> {
  const source = await workload.open()
  const records: WorkloadRecord[] = []
  for await (const batch of source) for (const record of batch) records.push(record)
  return { records, decoder: source.decoder }
}

/** What tells one workload's rows from another's. */
export function dataOf({ portfolio, sequences, data, inputs, horizons, seasons }: Workload): Data {
  return { portfolio, sequences, data, inputs, horizons, seasons }
}
