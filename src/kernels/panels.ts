/** How weights lie for the products of the WebAssembly kernel, see `assembly/panels.ts`. */

/** Columns of a panel. */
export const PANEL = 8
/** Bytes of a row of a panel. */
export const ROW_BYTES = 4 * PANEL
/** Bytes of a cache line. */
export const LINE_BYTES = 64

/** Panels that hold so many columns. */
export function panelsOf(columns: number): number {
  return Math.ceil(columns / PANEL)
}

/** Address of weight (k, column) of the matrix at address `matrix`, which has `depth` rows. */
export function panelPlace(matrix: number, depth: number, k: number, column: number): number {
  const panel = Math.floor(column / PANEL)
  return matrix + panel * panelBytes(depth) + ROW_BYTES * k + 4 * (column % PANEL)
}

/** Bytes of a matrix (depth, columns) in whole panels. */
export function matrixBytes(depth: number, columns: number): number {
  return panelsOf(columns) * panelBytes(depth)
}

/** From a panel of `depth` rows to the next: an odd number of cache lines, as in the kernel. */
function panelBytes(depth: number): number {
  return LINE_BYTES * (Math.ceil((ROW_BYTES * depth) / LINE_BYTES) | 1)
}
