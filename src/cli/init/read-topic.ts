import { Buffer } from 'node:buffer'
import { HeadraceError } from '../../errors.ts'
import type { TopicReader } from '../../kafka/topic-reader.ts'
import { quote } from '../../record/failure.ts'
import type { RowFormat } from '../file-rows.ts'
import { TopicSource } from '../replay-topic-source.ts'
import { jsonNames } from './json-names.ts'
import type { SampleWishes } from './read-file.ts'
import {
  isHeader,
  madeUpNames,
  maxColumns,
  maxSampleBytes,
  maxSampleRows,
  mendedNames,
  rowsFor,
  type Sample,
  type SampleRow,
  splitLine,
  usualCells,
} from './sample.ts'
import { counted } from './words.ts'

const maxPartitions = 64
const minRowsOfPartition = 200
const maxReadMs = 15_000

/**
 * The first records of each partition, read_committed, outside of every group: 20,000 in all and
 * 16 MiB, as many as come within 15 s. Aborted, `signal` ends the reading where it stands.
 * @param isCompacted what the broker says of the topic; null where it does not say
 * @throws HeadraceError HEADRACE_INPUT_UNREADABLE for records of another kind, or without any;
 *   HEADRACE_KAFKA_TOPIC_MISSING and what else Kafka refuses
 */
export async function readTopicSample(
  reader: TopicReader,
  isCompacted: boolean | null,
  wishes: SampleWishes,
  signal: AbortSignal,
): Promise<Sample> {
  const partitions = await reader.partitions()
  const read = await readPartitions(reader, partitions, signal)
  const rows = read.rows.filter(({ value }) => value.length > 0)
  const { topic } = reader
  if (rows.length === 0) {
    const records = counted(read.nulls, 'record')
    const reason =
      read.nulls > 0 ? `it holds ${records} without a value` : 'it holds no records yet'
    throw tells(topic, `${reason}. Produce some first, or give a file with a sample of them`)
  }
  const format = wishes.format ?? formatOf(topic, rows)
  const remarks: string[] = []
  if (isCompacted === true) {
    remarks.push('The topic is compacted: it loses records, and headrace run refuses it.')
  }
  if (read.nulls > 0) {
    remarks.push(`${counted(read.nulls, 'record')} of the topic have no value: dead letters.`)
  }
  const source = { kind: 'topic', name: topic, partitions: partitions.length } as const
  // On a topic all columns are named by the configuration.
  const named = { unreachable: new Set<string>(), headerFault: null }
  const base = { source, format, ...named, isCut: read.isCut } as const
  if (format === 'json') {
    const names = jsonNames(rows.map(({ value }) => value))
    return { ...base, rows, names, naming: null, remarks }
  }
  const lines = csvNames(rows, wishes.columns)
  if (lines.names.length > maxColumns) throw tells(topic, `a line has over ${maxColumns} cells`)
  const taken = lines.rows.slice(0, rowsFor(lines.names.length))
  return { ...base, ...lines, rows: taken, remarks: [...remarks, ...lines.remarks] }
}

interface Read {
  readonly rows: SampleRow[]
  nulls: number
  isCut: boolean
}

async function readPartitions(
  reader: TopicReader,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<Read> {
  const read: Read = { rows: [], nulls: 0, isCut: partitions.length > maxPartitions }
  const until = AbortSignal.any([signal, AbortSignal.timeout(maxReadMs)])
  const chosen = partitions.slice(0, maxPartitions)
  const limit = Math.max(minRowsOfPartition, Math.floor(maxSampleRows / chosen.length))
  const maxBytes = maxSampleBytes / chosen.length
  for (const partition of chosen) {
    const { start, end } = await reader.range(partition)
    const range = { partition, from: start, until: end }
    let bytes = 0
    let last = start - 1n
    for await (const batch of new TopicSource(reader, range, { limit, signal: until })) {
      for (const { key, value, timestampMs, offset } of batch) {
        if (bytes > maxBytes) break
        last = offset
        if (value === null) read.nulls++
        // Copies: a slice would keep the broker's whole answer.
        else read.rows.push({ partition, timestampMs, value: copy(value), key: key && copy(key) })
        bytes += (value?.length ?? 0) + (key?.length ?? 0)
      }
      if (bytes > maxBytes) break
    }
    if (last + 1n < end) read.isCut = true
  }
  return read
}

function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** What most of the first values are. */
function formatOf(topic: string, rows: readonly SampleRow[]): RowFormat {
  const values = rows.slice(0, 100).map(({ value }) => value)
  const objects = values.filter((value) => firstByte(value) === 0x7b)
  if (objects.length * 2 > values.length) return 'json'
  const [first] = rows
  const value = first?.value ?? new Uint8Array(0)
  const texts = values.filter(isText)
  if (texts.length * 2 <= values.length) throw tells(topic, binaryReason(value))
  if (firstByte(value) === 0x5b) {
    throw tells(topic, 'its values are JSON arrays; headrace reads objects, and lines of CSV')
  }
  return 'csv'
}

function firstByte(value: Uint8Array): number | undefined {
  return value.find((byte) => byte > 32)
}

function isText(value: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    return !/[\u0000-\u0008\u000e-\u001f]/.test(text)
  } catch {
    return false
  }
}

/** Confluent's serialisers begin a value with a zero and the schema's number in four bytes. */
function binaryReason(value: Uint8Array): string {
  const bytes = Buffer.from(value.subarray(0, 12)).toString('hex')
  const begin = `headrace reads JSON and CSV; its values are binary, the first begins with ${bytes}`
  if (value[0] !== 0 || value.length < 6) return begin
  const id = new DataView(value.buffer, value.byteOffset).getUint32(1)
  return `${begin}, as Avro or Protobuf with schema ${id} of a registry are`
}

type Named = Pick<Sample, 'rows' | 'names' | 'naming' | 'remarks'>

function csvNames(rows: readonly SampleRow[], given: readonly string[] | undefined): Named {
  const values = rows.map(({ value }) => value)
  const count = usualCells(values)
  // Whoever pipes a file into a topic sends its header along, to one of the partitions.
  const firsts = rows.filter((row, i) => row.partition !== rows[i - 1]?.partition)
  const header = firsts.find((row) => {
    const cells = splitLine(row.value)
    const others = rows.filter((other) => other !== row).map(({ value }) => value)
    return cells?.length === count && others.length > 0 && isHeader(cells, others)
  })
  const hasValues = rows.some(({ value }) => !isHeader(splitLine(value) ?? [], []))
  const cells = header !== undefined && hasValues ? (splitLine(header.value) ?? []) : undefined
  const rest = cells === undefined ? rows : rows.filter((row) => row !== header)
  const dead = 'The records include a header line: it becomes a dead letter.'
  if (given !== undefined) {
    const remarks = cells === undefined ? [] : [dead]
    return { rows: rest, names: given, naming: 'given', remarks }
  }
  if (cells !== undefined) {
    const named = `${dead} The columns have their names from it.`
    return { rows: rest, names: mendedNames(cells).names, naming: 'header', remarks: [named] }
  }
  const names = madeUpNames(count)
  const remark =
    `A line of CSV does not name its columns: they are called column_1 to column_${count}. ` +
    '--columns a,b,… names them better.'
  return { rows, names, naming: 'made up', remarks: [remark] }
}

function tells(topic: string, reason: string): HeadraceError {
  const message = `Topic ${quote(topic)} tells nothing: ${reason}.`
  return new HeadraceError('HEADRACE_INPUT_UNREADABLE', message)
}
