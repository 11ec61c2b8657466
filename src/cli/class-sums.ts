/** Scores of classes; what cannot be computed is absent. */
export interface ClassScore {
  accuracy?: number
  /** Mean over the classes that came of the share of each that was told. */
  balancedAccuracy?: number
  /** Mean −ln of the probability that the label was given; absent where classes alone are told. */
  logLoss?: number
  /** Cohen's kappa: accuracy beyond that of chance with the same frequencies. */
  kappa?: number
}

/** Counts of told and observed classes, which are numbers from 0 on. */
export class ClassSums {
  #count = 0
  #right = 0
  #losses = 0
  #loss = 0
  /** By class: how often it came, was told, and was told when it came. */
  readonly #observed: number[] = []
  readonly #predicted: number[] = []
  readonly #hits: number[] = []

  /** `sign` −1 takes away what was added before. */
  add(predicted: number, observed: number, loss: number, sign: 1 | -1): void {
    if (!Number.isFinite(predicted + observed)) return
    const isRight = predicted === observed
    this.#count += sign
    if (isRight) this.#right += sign
    bump(this.#observed, observed, sign)
    bump(this.#predicted, predicted, sign)
    if (isRight) bump(this.#hits, observed, sign)
    if (!Number.isFinite(loss)) return
    this.#losses += sign
    this.#loss += sign * loss
  }

  pool(other: ClassSums): void {
    this.#count += other.#count
    this.#right += other.#right
    this.#losses += other.#losses
    this.#loss += other.#loss
    for (const key of ['observed', 'predicted', 'hits'] as const) {
      other.#list(key).forEach((count, at) => {
        bump(this.#list(key), at, count)
      })
    }
  }

  score(): ClassScore {
    if (this.#count === 0) return {}
    const accuracy = this.#right / this.#count
    let chance = 0
    let told = 0
    let classes = 0
    this.#observed.forEach((count, at) => {
      chance += (count * (this.#predicted[at] ?? 0)) / (this.#count * this.#count)
      if (count === 0) return
      classes++
      told += (this.#hits[at] ?? 0) / count
    })
    return {
      accuracy,
      balancedAccuracy: told / classes,
      ...(this.#losses > 0 ? { logLoss: this.#loss / this.#losses } : {}),
      ...(chance < 1 ? { kappa: (accuracy - chance) / (1 - chance) } : {}),
    }
  }

  #list(key: 'observed' | 'predicted' | 'hits'): number[] {
    if (key === 'hits') return this.#hits
    return key === 'observed' ? this.#observed : this.#predicted
  }
}

/** Counts of classes that came first later begin at zero. */
function bump(counts: number[], at: number, by: number): void {
  while (counts.length <= at) counts.push(0)
  counts[at] = (counts[at] as number) + by
}
