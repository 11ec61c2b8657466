import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { Arena } from '../../../src/kernels/arena.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import { Random } from '../../../src/random.ts'
import type { NetworkSpec } from '../../../src/rnn/index.ts'
import { randomStates } from './fixtures.ts'
import { batchOf, settle, shapeOf } from './shapes.ts'

const PAGE_BYTES = 65536

test('what is allocated begins a cache line, is zero and belongs to nobody else', () => {
  const arena = new Arena(new WebAssembly.Memory({ initial: 1 }), 1000)
  const sizes = [0, 1, 63, 64, 65, 7000, 3 * PAGE_BYTES]
  const places = sizes.map((size) => arena.allocate(size))
  places.forEach((at, i) => {
    expect(at % 64).toBe(0)
    expect(at).toBeGreaterThanOrEqual(i === 0 ? 1000 : places[i - 1]! + sizes[i - 1]!)
    expect(arena.uint8.subarray(at, at + sizes[i]!).every((byte) => byte === 0)).toBe(true)
    expect(at + sizes[i]!).toBeLessThanOrEqual(arena.memory.buffer.byteLength)
    arena.uint8.fill(255, at, at + sizes[i]!)
  })
  expect(() => arena.allocate(-1)).toThrow(AssertionError)
  expect(() => arena.allocate(1.5)).toThrow(AssertionError)
})

test('growing keeps what is there, replaces every view and tells who keeps one', () => {
  const arena = new Arena(new WebAssembly.Memory({ initial: 1 }), 0)
  const at = arena.allocate(64)
  arena.float64[at / 8] = 1.5
  let moved = 0
  arena.whenMoved(() => {
    moved++
    expect(arena.float64.buffer).toBe(arena.memory.buffer)
  })
  arena.allocate(PAGE_BYTES - 64)
  expect([moved, arena.memory.buffer.byteLength]).toEqual([1, PAGE_BYTES])
  arena.allocate(1)
  expect([moved, arena.memory.buffer.byteLength]).toEqual([2, 2 * PAGE_BYTES])
  expect(arena.float64[at / 8]).toBe(1.5)
  for (const view of [arena.float32, arena.float64, arena.int32, arena.uint8]) {
    expect(view.buffer).toBe(arena.memory.buffer)
    expect(view.byteLength).toBe(2 * PAGE_BYTES)
  }
})

test('what does not fit into 4 GiB is refused with a code, and what is there stays', () => {
  const arena = new Arena(new WebAssembly.Memory({ initial: 1 }), 0)
  arena.float64[1] = 1.5
  for (const gibibytes of [4.5, 1e6]) {
    const refused = () => arena.allocate(gibibytes * 2 ** 30)
    expect(refused).toThrow(expect.objectContaining({ code: 'HEADRACE_MODEL_TOO_LARGE' }))
  }
  expect(() => arena.allocate(5.25 * 2 ** 30)).toThrow(' 5.3 GiB or more')
  expect(arena.allocate(128)).toBe(0)
  expect(arena.float64[1]).toBe(1.5)
})

test('after the last thing is opened neither memory nor views change', () => {
  const kernel = openKernel('wasm')
  const wide: NetworkSpec = { cell: 'lstm', layers: 2, inputs: 5, hidden: 19, outputs: 3 }
  const shape = shapeOf(wide, { runs: 18, rows: 18 })
  const network = kernel.openNetwork(shape.spec, shape.limits)
  kernel.openNetwork({ ...wide, hidden: 90 }, shape.limits)
  kernel.openLeastSquares({
    features: 40,
    outputs: 2,
    forgetting: 1,
    initialVariance: 1,
    traceCap: 100,
  })
  settle(shape.spec, [network], 1)
  const { arena } = network as unknown as { arena: Arena }
  const { buffer } = arena.memory
  const { byteLength } = buffer
  const views = [arena.float32, arena.float64, arena.int32, arena.uint8]
  const random = new Random(30)
  const batch = batchOf(shape, random)
  const states = randomStates(shape.spec, 18, random)
  const outputs = new Float64Array(18 * 3)
  const lags = new Float64Array(shape.limits.window)
  for (let u = 0; u < 1000; u++) {
    network.forward(18, batch.inputs, 0, states, 0, outputs, 0)
    network.accumulate(batch, states)
    if (u % 100 === 0) network.gradientNormByLag(batch, 1, states, lags)
    network.adam({
      scale: 1e-3,
      learningRate: 1e-4,
      beta2: 0.99,
      correction: 1,
      epsilon: 1e-5,
      decay: 0,
    })
  }
  network.download()
  expect(network.parameters.every(Number.isFinite)).toBe(true)
  // A growth would have detached the buffer.
  expect(arena.memory.buffer).toBe(buffer)
  expect(arena.memory.buffer.byteLength).toBe(byteLength)
  expect(
    [arena.float32, arena.float64, arena.int32, arena.uint8].map((v, i) => v === views[i]),
  ).toEqual([true, true, true, true])
})
