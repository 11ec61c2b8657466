/** A mean in which an older value weighs `fading` less than the next one; NaN before the first. */
export class FadingMean {
  readonly #fading: number
  #count = 0
  #mean = 0

  /** `fading`: weight of the newest value, as soon as there are 1 ÷ `fading` of them. */
  constructor(fading: number) {
    this.#fading = fading
  }

  get value(): number {
    return this.#count === 0 ? Number.NaN : this.#mean
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return
    this.#count++
    this.#mean += Math.max(1 / this.#count, this.#fading) * (value - this.#mean)
  }
}
