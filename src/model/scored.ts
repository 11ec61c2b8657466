/**
 * What was scored at one record: the predictions whose target this record is. The model owns one
 * and fills it anew for each record. D targets, K horizons, M members, L interval levels; a *slot*
 * is k × D + d. Everything is in units of the target.
 */
export interface Scored {
  /** Own step of the record in its sequence, from 0. */
  step: number
  /** 1 where a prediction for this record existed and its target is present, (K, D). */
  readonly present: Uint8Array
  /** This record's targets, (D); NaN = missing. */
  readonly observed: Float64Array
  /** The mixture that was published, (K, D). */
  readonly mixture: Float64Array
  /** Every member's prediction, (K, D, M); NaN where a member had none. */
  readonly members: Float64Array
  /** lower and upper bound of each level, (K, D, L, 2); NaN before there were any. */
  readonly bounds: Float64Array
  /** Unit of the error's density, (K, D); NaN before there was one. */
  readonly scale: Float64Array
  /** Learnt weights of the density's components, (K, D, LEARNT) of density.ts; NaN likewise. */
  readonly density: Float64Array
  /** y(t − k), (K, D); NaN = not there. */
  readonly persistence: Float64Array
  /**
   * y at the smallest multiple of the first season ≥ k back, (K, D); NaN = not there or no season.
   */
  readonly seasonal: Float64Array
}
