/**
 * Colours of the chart: those of the style, so that both schemes are written in one place.
 * @typedef {object} Palette
 * @property {string} ink
 * @property {string} muted
 * @property {string} accent
 * @property {string} surface
 * @property {string} grid
 * @property {string} inner band of the narrowest interval
 * @property {string} outer band of the others
 * @property {string} line
 * @property {string} font
 */

/** @returns {Palette} */
export function readPalette() {
  const style = getComputedStyle(document.documentElement)
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim()
  return {
    ink: colour('--ink'),
    muted: colour('--muted'),
    accent: colour('--accent'),
    surface: colour('--surface'),
    grid: colour('--grid'),
    inner: colour('--band-inner'),
    outer: colour('--band-outer'),
    line: colour('--strong-line'),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
  }
}
