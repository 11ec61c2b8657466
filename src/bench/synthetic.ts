import { Random } from '../random.ts'

const period = 24
const chunkRecords = 1000

/** Fields beside the target in a synthetic record, `x1` and on. */
export const syntheticInputs = 16

/**
 * JSON lines: a noisy wave for each sequence, in turn, with further fields that lag behind it.
 * Equal counts give equal bytes. In chunks as a file would be read.
 */
export function syntheticLines(
  records: number,
  sequences: number,
  inputs = syntheticInputs,
): Buffer[] {
  const random = new Random(records * 31 + sequences)
  const chunks: Buffer[] = []
  for (let from = 0; from < records; from += chunkRecords) {
    const until = Math.min(records, from + chunkRecords)
    let text = ''
    for (let i = from; i < until; i++) text += `${syntheticLine(i, sequences, inputs, random)}\n`
    chunks.push(Buffer.from(text))
  }
  return chunks
}

function syntheticLine(i: number, sequences: number, inputs: number, random: Random): string {
  const sequence = i % sequences
  const phase = Math.floor(i / sequences) + sequence
  const record: Record<string, string | number> = {
    key: `s${sequence}`,
    value: rounded(100 + sequence + 40 * wave(phase) + 5 * random.normal()),
  }
  for (let x = 1; x <= inputs; x++) {
    record[`x${x}`] = rounded(10 * wave(phase - x) + random.normal())
  }
  return JSON.stringify(record)
}

function wave(step: number): number {
  return Math.sin((2 * Math.PI * step) / period)
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
