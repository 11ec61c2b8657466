import { HeadraceError } from '../errors.ts'
import type { Seal, StateRow } from '../model/snapshot/snapshots.ts'
import { decodeFields, encodeGaps, FORMAT_VERSION, type Gap } from './commit-record.ts'
import type { OutputRecord } from './ports.ts'

/**
 * Snapshots as records of the changelog, whose newest record of each key counts:
 *
 * - `<slot>/shared/<part>/<name>`, `<slot>/page/<part>/<name>`, `<slot>/sequence/<part>/<name>`: a
 *   row, or part of a long one
 * - `<slot>/sequence-utf16/<part>/<hex>`: the same where the name is no valid text
 * - `manifest/<slot>`: the seal, written when all rows of a snapshot are
 */
export type SlotIndex = Seal['slot']

/** What a sealed snapshot is, and what it was made of. */
export interface Manifest extends Seal {
  /** Input position at the cut: where a replay goes on. */
  readonly nextOffset: bigint
  /** The first input offset of the application. */
  readonly startOffset: bigint
  readonly chainHash: string
  /** Updates of the network weights up to the cut. */
  readonly updates: number
  /** Keys and values of the rows that this snapshot wrote. */
  readonly bytes: number
  readonly fingerprint: string
  readonly numerics: number
  readonly bootId: string
  /** What of the input up to the cut was lost and accepted as lost. */
  readonly gaps: readonly Gap[]
}

/** What the key of a row says. */
export interface RowKey {
  readonly slot: SlotIndex
  readonly kind: StateRow['kind']
  /** Number of the piece of a row, from 0. */
  readonly part: number
  readonly name: string
}

/** A changelog value, at most, in bytes: brokers take a million with all that is around it. */
const VALUE_BYTES_MAX = 512_000

/** In front of each part of a row of several: magic, part, parts, and the row's last bytes. */
const PART_MAGIC = 0x50535248
const PART_HEADER_BYTES = 20
/** A row ends with its checksum, which tells parts of different rows apart. */
const CHECKSUM_BYTES = 8
const PART_BYTES_MAX = VALUE_BYTES_MAX - PART_HEADER_BYTES
/** More than a row can have: its length is below 2 GiB. */
const PARTS_MAX = 4200

const manifestKeys = [Buffer.from('manifest/0'), Buffer.from('manifest/1')] as const
const rowKey = /^([01])\/(shared|page|sequence|sequence-utf16)\/(0|[1-9]\d{0,8})\//
/** Characters of the longest key before the name. */
const prefixMax = 32

/**
 * The records that put a row into its slot, or take it out: those of its parts, after a tombstone
 * for each part that an earlier row of the name may have had beyond.
 */
export function rowRecords(slot: SlotIndex, row: StateRow): OutputRecord[] {
  const { kind, name, bytes } = row
  const parts = bytes === null ? 0 : partsOf(bytes.length)
  const keyOf = (part: number) => encodeRowKey({ slot, kind, part, name })
  const records: OutputRecord[] = []
  for (let part = parts; part < partsOf(row.bytesMax); part++) {
    records.push({ key: keyOf(part), value: null })
  }
  for (let part = 0; bytes !== null && part < parts; part++) {
    records.push({ key: keyOf(part), value: parts === 1 ? bytes : partOf(bytes, part, parts) })
  }
  return records
}

/** Null: the key is not that of a row. */
export function parseRowKey(key: Uint8Array): RowKey | null {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  const match = rowKey.exec(bytes.toString('latin1', 0, prefixMax))
  if (match === null) return null
  const [prefix, slot, kind, part] = match
  const rest = bytes.subarray(prefix.length)
  const name = kind === 'sequence-utf16' ? nameOfHex(rest) : textOf(rest)
  if (name === null) return null
  return {
    slot: slot === '0' ? 0 : 1,
    kind: kind === 'shared' || kind === 'page' ? kind : 'sequence',
    part: Number(part),
    name,
  }
}

/** The slot whose manifest has that key; null: it is another record's. */
export function manifestSlot(key: Uint8Array): SlotIndex | null {
  if (manifestKeys[0].equals(key)) return 0
  return manifestKeys[1].equals(key) ? 1 : null
}

export function encodeManifest(manifest: Manifest): OutputRecord {
  const { slot, nextOffset, startOffset, gaps } = manifest
  const value = {
    format: FORMAT_VERSION,
    ...manifest,
    nextOffset: `${nextOffset}`,
    startOffset: `${startOffset}`,
    gaps: encodeGaps(gaps),
  }
  return { key: manifestKeys[slot], value: Buffer.from(JSON.stringify(value)) }
}

/** Throws as `decodeCommit` does. */
export function decodeManifest(value: Uint8Array): Manifest {
  const fields = decodeFields(value, 'manifest')
  const slot = fields.count('slot')
  if (slot !== 0 && slot !== 1) throw fields.invalid("its 'slot' is neither 0 nor 1")
  return {
    slot,
    number: fields.count('number'),
    records: fields.count('records'),
    sequences: fields.count('sequences'),
    stateHash: fields.text('stateHash'),
    nextOffset: fields.offset('nextOffset'),
    startOffset: fields.offset('startOffset'),
    chainHash: fields.text('chainHash'),
    updates: fields.count('updates'),
    bytes: fields.count('bytes'),
    fingerprint: fields.text('fingerprint'),
    numerics: fields.count('numerics'),
    bootId: fields.text('bootId'),
    gaps: fields.gaps('gaps'),
  }
}

/** A row with some of its parts. */
interface Unfinished {
  readonly key: RowKey
  readonly checksum: bigint
  readonly parts: (Uint8Array | undefined)[]
  missing: number
}

/** A row as it was read: null = the sequence is gone. */
export type ReadRow = Pick<StateRow, 'kind' | 'name' | 'bytes'>

/**
 * Joins the rows of one slot from its records, in the order of the log. Parts of a row that a later
 * one has replaced may still be there, or not: those left without the others are dropped when the
 * later one comes.
 */
export class RowAssembler {
  readonly #unfinished = new Map<string, Unfinished>()

  /** The row that the record completes or takes away; null where it does neither. */
  add(key: RowKey, value: Uint8Array | null): ReadRow | null {
    const { kind, name, part } = key
    const id = `${kind}/${name}`
    if (value === null) {
      // A further part alone goes where a shorter row follows.
      if (part > 0) return null
      this.#unfinished.delete(id)
      return { kind, name, bytes: null }
    }
    const header = readPartHeader(value)
    if (header === null) {
      if (part > 0) throw damaged(key, 'is a whole row, but its key says that it is a part')
      this.#unfinished.delete(id)
      return { kind, name, bytes: value }
    }
    const { parts, checksum } = header
    if (header.part !== part || part >= parts || parts > PARTS_MAX) {
      throw damaged(key, `is part ${header.part} of ${parts}, but its key says ${part}`)
    }
    let row = this.#unfinished.get(id)
    if (row?.checksum !== checksum || row.parts.length !== parts) {
      row = { key, checksum, parts: new Array(parts).fill(undefined), missing: parts }
      this.#unfinished.set(id, row)
    }
    if (row.parts[part] === undefined) row.missing--
    row.parts[part] = value.subarray(PART_HEADER_BYTES)
    if (row.missing > 0) return null
    this.#unfinished.delete(id)
    return { kind, name, bytes: joined(row) }
  }

  /** All records have been added. Throws `HEADRACE_TASK_SNAPSHOT_INVALID` for a row with a gap. */
  finish(): void {
    for (const { key, parts, missing } of this.#unfinished.values()) {
      throw damaged(key, `belongs to a row of which ${missing} of ${parts.length} parts are gone`)
    }
  }
}

function encodeRowKey({ slot, kind, part, name }: RowKey): Buffer {
  if (name.isWellFormed()) return Buffer.from(`${slot}/${kind}/${part}/${name}`)
  return Buffer.from(
    `${slot}/${kind}-utf16/${part}/${Buffer.from(name, 'utf16le').toString('hex')}`,
  )
}

function textOf(bytes: Buffer): string | null {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : null
}

/** Null unless it is what `encodeRowKey` makes: a name has one key. */
function nameOfHex(bytes: Buffer): string | null {
  const name = Buffer.from(bytes.toString('latin1'), 'hex').toString('utf16le')
  const same = Buffer.from(name, 'utf16le').toString('hex') === bytes.toString('latin1')
  return same && !name.isWellFormed() ? name : null
}

function partsOf(byteLength: number): number {
  return byteLength <= VALUE_BYTES_MAX ? 1 : Math.ceil(byteLength / PART_BYTES_MAX)
}

function partOf(row: Uint8Array, part: number, parts: number): Uint8Array {
  const piece = row.subarray(part * PART_BYTES_MAX, (part + 1) * PART_BYTES_MAX)
  const value = Buffer.alloc(PART_HEADER_BYTES + piece.length)
  value.writeUInt32LE(PART_MAGIC, 0)
  value.writeUInt32LE(part, 4)
  value.writeUInt32LE(parts, 8)
  value.set(row.subarray(row.length - CHECKSUM_BYTES), 12)
  value.set(piece, PART_HEADER_BYTES)
  return value
}

/** Null: the value is a row of one part. */
function readPartHeader(
  value: Uint8Array,
): { part: number; parts: number; checksum: bigint } | null {
  if (value.length < PART_HEADER_BYTES) return null
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  if (view.getUint32(0, true) !== PART_MAGIC) return null
  return {
    part: view.getUint32(4, true),
    parts: view.getUint32(8, true),
    checksum: view.getBigUint64(12, true),
  }
}

function joined({ parts }: Unfinished): Uint8Array {
  return Buffer.concat(parts as Uint8Array[])
}

function damaged({ slot, kind, part, name }: RowKey, what: string): HeadraceError {
  return new HeadraceError(
    'HEADRACE_TASK_SNAPSHOT_INVALID',
    `The changelog record '${slot}/${kind}/${part}/${name}' ${what}. While the input still holds ` +
      'all records from the first offset of the application on, learn it anew: under a new ' +
      'application name, or after `headrace topics --reset`.',
  )
}
