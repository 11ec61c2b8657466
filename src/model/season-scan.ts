import { Fourier } from './fourier.ts'
import type { SeasonSample } from './season-sample.ts'

/** A season of a single step is a level, and one of two is hardly one. */
const PERIOD_MIN = 3
/** The power of a line is cut here, in units of its background: one line is not all there is. */
const POWER_MAX = 100
/** The background of a frequency is the median between this part of it and its inverse. */
const BACKGROUND_REACH = 1.4
/** Ratio of the frequencies at which it is taken; straight lines lie between. */
const KNOT_RATIO = 1.2
/** Frequencies looked at for one median, at most. */
const MEDIAN_SIZE = 192
/** Mean power of noise in units of its median, as of an exponential distribution. */
const NOISE = 1.44
/** Slower than this many swings in the longest lane is drift. */
const DRIFT = 2.5
/** Rounds over which a period is followed. */
const ROUNDS_MAX = 64

/**
 * Looks for the beat of a sample. Its periodogram is divided by its own running median, so that
 * noise of any smooth spectrum (white, autoregressive, a random walk, a trend) becomes white while
 * lines stand out; that is turned back into an autocorrelation, which for noise is as good as
 * normal, and summed over the multiples of each period: a sum that is largest at the shortest
 * period of which the swing repeats.
 */
export class SeasonScan {
  /** How many standard deviations period P stands out of white noise, at index P. */
  readonly scores: Float64Array
  /** The longest period that was scored and may be taken; the one behind it is its neighbour. */
  last = 0
  private readonly fourier: Fourier
  private readonly real: Float64Array
  private readonly imaginary: Float64Array
  /** Power of the values, (size / 2 + 1). */
  private readonly power: Float64Array
  /** The same less lines and background: the whitened one. */
  private readonly white: Float64Array
  /** Number of pairs of values at each distance. */
  private readonly pairs: Float64Array
  private readonly window = new Float64Array(MEDIAN_SIZE)
  private size = 0
  private longest = 0

  /** `capacity`: values of a sample at most; `periodMax`: the longest period looked for. */
  constructor(capacity: number, periodMax: number) {
    const sizeMax = Fourier.sizeFor(2 * capacity)
    this.fourier = new Fourier(sizeMax)
    this.real = new Float64Array(sizeMax)
    this.imaginary = new Float64Array(sizeMax)
    this.power = new Float64Array(sizeMax / 2 + 1)
    this.white = new Float64Array(sizeMax / 2 + 1)
    this.pairs = new Float64Array(sizeMax / 2)
    this.scores = new Float64Array(periodMax + 2)
  }

  /** Takes in a sample of at least one lane. */
  open(sample: SeasonSample): void {
    const { real, imaginary, power, pairs } = this
    this.longest = sample.longest
    const size = Fourier.sizeFor(2 * sample.longest)
    this.size = size
    const half = size / 2
    power.fill(0, 0, half + 1)
    this.white.fill(0, 0, half + 1)
    for (let lane = 0; lane < sample.lanes; lane++) {
      const from = sample.starts[lane]!
      const length = sample.starts[lane + 1]! - from
      real.fill(0, 0, size)
      imaginary.fill(0, 0, size)
      for (let i = 0; i < length; i++) {
        imaginary[i] = sample.present[from + i]!
        real[i] = imaginary[i]! * sample.values[from + i]!
      }
      this.fourier.transform(real, imaginary, size)
      this.addPowers()
    }
    // The masks' power back into numbers of pairs.
    this.correlate(this.white)
    for (let lag = 0; lag < half; lag++) pairs[lag] = Math.max(0, Math.round(real[lag]! / size))
    this.whiten()
  }

  /** Takes a period and all its harmonics out of what is scored from now on. */
  remove(period: number): void {
    const { white, size, longest } = this
    const half = size / 2
    const rounds = longest / period
    const reach = (Math.max(1.5, Math.min(rounds / 8, 4)) * size) / longest
    for (let line = size / period; line <= half + reach; line += size / period) {
      const first = Math.max(0, Math.ceil(line - reach))
      for (let f = first; f <= Math.min(half, Math.floor(line + reach)); f++) white[f] = NOISE
    }
  }

  /** Fills `scores` for periods up to `periodMax`; 0 where there are not `rounds` of one. */
  score(periodMax: number, rounds: number): void {
    const { scores, pairs, longest } = this
    this.correlate(this.white)
    const { real } = this
    const last = Math.min(periodMax, Math.floor(longest / rounds), scores.length - 2)
    this.last = last
    scores.fill(0)
    if (!(real[0]! > 0)) return
    for (let period = PERIOD_MIN; period <= last + 1; period++) {
      let sum = 0
      let weight = 0
      for (let j = 1, lag = period; j <= ROUNDS_MAX && lag < longest; j++, lag += period) {
        sum += real[lag]!
        weight += pairs[lag]!
      }
      if (weight > 0) scores[period] = ((sum / real[0]!) * pairs[0]!) / Math.sqrt(weight)
    }
  }

  /** Adds the powers of values and mask, which went through one transform as the parts of one. */
  private addPowers(): void {
    const { real, imaginary, power, white: masks, size } = this
    for (let f = 0; f <= size / 2; f++) {
      const g = (size - f) & (size - 1)
      const a = (real[f]! + real[g]!) / 2
      const b = (imaginary[f]! - imaginary[g]!) / 2
      const c = (imaginary[f]! + imaginary[g]!) / 2
      const d = (real[g]! - real[f]!) / 2
      power[f] = power[f]! + a * a + b * b
      masks[f] = masks[f]! + c * c + d * d
    }
  }

  /** Puts size × the autocorrelation of an even power spectrum into `real`. */
  private correlate(power: Float64Array): void {
    const { real, imaginary, size } = this
    for (let f = 0; f <= size / 2; f++) {
      real[f] = power[f]!
      real[(size - f) & (size - 1)] = power[f]!
    }
    imaginary.fill(0, 0, size)
    this.fourier.transform(real, imaginary, size)
  }

  /** Divides the power by its background, and leaves the mean of noise out. */
  private whiten(): void {
    const { power, white, size, longest } = this
    const half = size / 2
    const step = size / longest
    const slowest = Math.ceil(DRIFT * step)
    white.fill(NOISE, 0, half + 1)
    let [from, below] = [slowest, this.background(slowest, step)]
    while (from < half) {
      const to = Math.min(half, Math.max(from + 1, Math.round(from * KNOT_RATIO)))
      const above = this.background(to, step)
      for (let f = from; f <= to; f++) {
        const share = (f - from) / (to - from)
        const level = below + share * (above - below)
        white[f] = level > 0 ? Math.min(power[f]! / level, POWER_MAX) : NOISE
      }
      ;[from, below] = [to, above]
    }
  }

  /** Median power around a frequency. */
  private background(f: number, step: number): number {
    const { power, window, size } = this
    const reach = Math.max(3 * step, f * (BACKGROUND_REACH - 1))
    const first = Math.max(1, Math.floor(Math.min(f / BACKGROUND_REACH, f - 3 * step)))
    const last = Math.min(size / 2, Math.ceil(f + reach))
    const stride = Math.ceil((last - first + 1) / MEDIAN_SIZE)
    let count = 0
    for (let g = first; g <= last; g += stride) window[count++] = power[g]!
    const sorted = window.subarray(0, count).sort((a, b) => a - b)
    return sorted[count >> 1]!
  }
}
