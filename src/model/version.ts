/**
 * Version of everything that decides the bits of a prediction. It rises with every change of the
 * arithmetic, the order of sums or the layout of the state, and is part of the fingerprint.
 */
export const NUMERICS_VERSION = 3
