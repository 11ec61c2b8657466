/** The optimiser: parameters, second moments and gradient are three arrays in the same order. */

/** Floats summed in single precision before the sum goes on in double precision. */
const BLOCK_BYTES: usize = 1024

/** ‖g‖₂ of `bytes` of gradient. */
export function gradientNorm(g: usize, bytes: usize): f64 {
  let sum: f64 = 0
  for (let from: usize = 0; from < bytes; from += BLOCK_BYTES) {
    sum += <f64>blockSquares(g + from, min(bytes - from, BLOCK_BYTES))
  }
  // Squares of very long gradients overflow in single precision.
  return sqrt<f64>(isFinite<f64>(sum) ? sum : exactSquares(g, bytes))
}

/** `bytes` is a multiple of 32. */
function blockSquares(g: usize, bytes: usize): f32 {
  let s = f32x4.splat(0)
  let t = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 32) {
    const a = v128.load(g + i)
    const b = v128.load(g + i, 16)
    s = f32x4.add(s, f32x4.mul(a, a))
    t = f32x4.add(t, f32x4.mul(b, b))
  }
  s = f32x4.add(s, t)
  return (
    f32x4.extract_lane(s, 0) +
    f32x4.extract_lane(s, 1) +
    (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  )
}

function exactSquares(g: usize, bytes: usize): f64 {
  let sum: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) {
    const v = <f64>load<f32>(g + i)
    sum += v * v
  }
  return sum
}

/**
 * Adam with β₁ = 0 in one pass that clears the gradient: g = scale × sum;
 * v ← β₂ v + (1 − β₂) g²; p ← p − rate × (g / (√(v ÷ correction) + ε) + weightDecay × p).
 * `bytes` is a multiple of 16.
 */
export function adam(
  parameters: usize,
  bytes: usize,
  momentsShift: usize,
  gradientShift: usize,
  scale: f64,
  rate: f64,
  beta2: f64,
  correction: f64,
  epsilon: f64,
  weightDecay: f64,
): void {
  const scales = f32x4.splat(<f32>scale)
  const rates = f32x4.splat(<f32>rate)
  const kept = f32x4.splat(<f32>(1 - rate * weightDecay))
  const decay = f32x4.splat(<f32>beta2)
  const gain = f32x4.splat(<f32>(1 - beta2))
  const unbias = f32x4.splat(<f32>(1 / correction))
  const floor = f32x4.splat(<f32>epsilon)
  const zero = f32x4.splat(0)
  const end = parameters + bytes
  for (let p = parameters; p < end; p += 16) {
    const g = f32x4.mul(v128.load(p + gradientShift), scales)
    v128.store(p + gradientShift, zero)
    const v = f32x4.add(
      f32x4.mul(decay, v128.load(p + momentsShift)),
      f32x4.mul(f32x4.mul(gain, g), g),
    )
    v128.store(p + momentsShift, v)
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(v, unbias)), floor)
    const step = f32x4.div(f32x4.mul(rates, g), size)
    v128.store(p, f32x4.sub(f32x4.mul(kept, v128.load(p)), step))
  }
}
