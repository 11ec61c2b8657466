/**
 * CRC-32C (Castagnoli) of all bytes, eight at a time by tables: M. Kounavis and F. Berry, A
 * systematic approach to building high performance software-based CRC generators (2005).
 */
export function crc32c(bytes: Uint8Array): number {
  const length = bytes.length
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crcTables as EightTables
  let crc = -1
  let i = 0
  for (const end = length - 7; i < end; i += 8) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24))
    crc =
      (t7[low & 255] as number) ^
      (t6[(low >>> 8) & 255] as number) ^
      (t5[(low >>> 16) & 255] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[i + 4] as number] as number) ^
      (t2[bytes[i + 5] as number] as number) ^
      (t1[bytes[i + 6] as number] as number) ^
      (t0[bytes[i + 7] as number] as number)
  }
  for (; i < length; i++) {
    crc = (t0[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

type EightTables = readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

const reversedPolynomial = 0x82f63b78
const crcTables = makeTables()

/** Table k: what a byte does to the checksum k bytes further on. */
function makeTables(): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? reversedPolynomial : 0)
    return crc
  })
  const tables = [first]
  for (let k = 1; k < 8; k++) {
    const before = tables[k - 1] as Int32Array
    tables.push(before.map((crc) => (first[crc & 255] as number) ^ (crc >>> 8)))
  }
  return tables
}
