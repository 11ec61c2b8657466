/** Enough of WebAssembly’s binary format (specification, §5) to list a module’s instructions. */

export interface Section {
  readonly id: number
  readonly body: Uint8Array
}

export interface Instruction {
  /** 0 for an opcode of one byte. */
  readonly prefix: number
  readonly opcode: number
}

const CODE_SECTION = 10

/** Reads numbers from bytes, front to back. */
class Reader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get ended(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw new Error('the module ends within an instruction')
    return value
  }

  /** LEB128, whose value matters only where it is small and positive. */
  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  skip(count: number): void {
    this.at += count
  }

  take(count: number): Uint8Array {
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }
}

export function sectionsOf(module: Uint8Array): Section[] {
  const reader = new Reader(module)
  reader.skip(8)
  const sections: Section[] = []
  while (!reader.ended) {
    const id = reader.byte()
    sections.push({ id, body: reader.take(reader.number()) })
  }
  return sections
}

/** Every instruction of every function, in order. Throws on one that it does not know. */
export function instructionsOf(module: Uint8Array): Instruction[] {
  const code = sectionsOf(module).find(({ id }) => id === CODE_SECTION)
  if (code === undefined) return []
  const reader = new Reader(code.body)
  const instructions: Instruction[] = []
  for (let functions = reader.number(); functions > 0; functions--) {
    const body = new Reader(reader.take(reader.number()))
    for (let locals = body.number(); locals > 0; locals--) {
      body.number()
      body.byte()
    }
    while (!body.ended) instructions.push(instruction(body))
  }
  return instructions
}

function instruction(reader: Reader): Instruction {
  const first = reader.byte()
  if (first === 0xfc || first === 0xfd) {
    const opcode = reader.number()
    if (first === 0xfc) bulk(reader, opcode)
    else simd(reader, opcode)
    return { prefix: first, opcode }
  }
  plain(reader, first)
  return { prefix: 0, opcode: first }
}

function plain(reader: Reader, opcode: number): void {
  if (opcode >= 0x02 && opcode <= 0x04) reader.number()
  else if (opcode === 0x0e) {
    for (let labels = reader.number(); labels >= 0; labels--) reader.number()
  } else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) numbers(reader, 2)
  else if (opcode === 0x1c) numbers(reader, reader.number())
  else if ([0x0c, 0x0d, 0x10, 0x3f, 0x40, 0x41, 0x42].includes(opcode)) reader.number()
  else if (opcode >= 0x20 && opcode <= 0x26) reader.number()
  else if (opcode === 0x43) reader.skip(4)
  else if (opcode === 0x44) reader.skip(8)
  else if (!isBare(opcode)) throw new Error(`unknown instruction 0x${opcode.toString(16)}`)
}

/** Whether an opcode of one byte has no operand. */
function isBare(opcode: number): boolean {
  return (
    [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b].includes(opcode) ||
    (opcode >= 0x45 && opcode <= 0xc4)
  )
}

/** Saturating conversions; copies and fills of memory and tables. */
function bulk(reader: Reader, opcode: number): void {
  if (opcode <= 7) return
  if (opcode > 17) throw new Error(`unknown instruction 0xfc ${opcode}`)
  numbers(reader, [8, 10, 12, 14].includes(opcode) ? 2 : 1)
}

function simd(reader: Reader, opcode: number): void {
  if (opcode <= 11 || opcode === 92 || opcode === 93) numbers(reader, 2)
  else if (opcode === 12 || opcode === 13) reader.skip(16)
  else if (opcode >= 21 && opcode <= 34) reader.skip(1)
  else if (opcode >= 84 && opcode <= 91) {
    numbers(reader, 2)
    reader.skip(1)
  }
}

function numbers(reader: Reader, count: number): void {
  for (let i = 0; i < count; i++) reader.number()
}
