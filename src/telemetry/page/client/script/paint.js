/** @import { Palette } from './palette.js' */
/** @import { View } from './view.js' */
import { linearTicks } from './scale.js'
import { boundOf } from './series.js'
import { timeTicks } from './time-scale.js'

/**
 * What one drawing needs: lengths in CSS pixels.
 * @typedef {object} Frame
 * @property {CanvasRenderingContext2D} context
 * @property {View} view
 * @property {Palette} palette
 * @property {{ left: number, right: number, top: number, bottom: number }} plot
 * @property {Float64Array} places of the points, from the left
 * @property {(label: string) => number} widthOf a label
 */

const X_TICK_PX = 84
const Y_TICK_PX = 44
/** Points further apart than this are drawn as such. */
const DOT_PX = 9

/**
 * Place of a value of the horizontal axis.
 * @param {Frame} frame
 * @param {number} x
 */
function toX({ view, plot }, x) {
  return plot.left + ((x - view.xMin) / (view.xMax - view.xMin)) * (plot.right - plot.left)
}

/**
 * @param {Frame} frame
 * @param {number} y
 */
function toY({ view, plot }, y) {
  return plot.bottom - ((y - view.yMin) / (view.yMax - view.yMin)) * (plot.bottom - plot.top)
}

/**
 * Places of all points of the view, for those that draw them one after the other; to be reckoned
 * when the room of the plot is settled.
 * @param {Pick<Frame, 'view' | 'plot'>} frame
 * @returns {Float64Array}
 */
export function placesOf({ view, plot }) {
  const places = new Float64Array(view.to - view.from)
  const scale = (plot.right - plot.left) / (view.xMax - view.xMin)
  for (let i = 0; i < places.length; i++) {
    places[i] = plot.left + (view.x(view.from + i) - view.xMin) * scale
  }
  return places
}

/**
 * Heights of values of all points of the view; NaN where there is none.
 * @param {Frame} frame
 * @param {(index: number) => number} valueAt
 */
function heightsOf({ view, plot }, valueAt) {
  const heights = new Float64Array(view.to - view.from)
  const scale = (plot.bottom - plot.top) / (view.yMax - view.yMin)
  for (let i = 0; i < heights.length; i++) {
    heights[i] = plot.bottom - (valueAt(view.from + i) - view.yMin) * scale
  }
  return heights
}

/**
 * Grid, axes and labels; makes room for the labels on the left.
 * @param {Frame} frame
 */
export function paintAxes(frame) {
  const { context, view, plot, palette, widthOf } = frame
  const yTicks = linearTicks(view.yMin, view.yMax, (plot.bottom - plot.top) / Y_TICK_PX)
  context.font = palette.font
  let widest = 24
  for (const { label } of yTicks) widest = Math.max(widest, widthOf(label))
  plot.left += Math.ceil(widest) + 10

  context.fillStyle = palette.muted
  context.strokeStyle = palette.grid
  context.lineWidth = 1
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.beginPath()
  for (const { at, label } of yTicks) {
    // On the middle of a pixel a line of one pixel is sharp.
    const y = Math.round(toY(frame, at)) + 0.5
    context.moveTo(plot.left, y)
    context.lineTo(plot.right, y)
    context.fillText(label, plot.left - 10, y)
  }
  context.stroke()
  paintXAxis(frame)
}

/** @param {Frame} frame */
function paintXAxis(frame) {
  const { context, view, plot, palette, widthOf } = frame
  const count = (plot.right - plot.left) / X_TICK_PX
  const ticks = view.isByTime
    ? timeTicks(view.xMin, view.xMax, count)
    : linearTicks(view.xMin, view.xMax, count, true)
  context.textAlign = 'center'
  context.textBaseline = 'top'
  context.strokeStyle = palette.line
  context.beginPath()
  context.moveTo(plot.left, Math.round(plot.bottom) + 0.5)
  context.lineTo(plot.right, Math.round(plot.bottom) + 0.5)
  for (const { at, label } of ticks) {
    const x = Math.round(toX(frame, at)) + 0.5
    context.moveTo(x, plot.bottom)
    context.lineTo(x, plot.bottom + 4)
    const half = widthOf(label) / 2
    context.fillText(label, Math.min(x, plot.right + 14 - half), plot.bottom + 8)
  }
  context.stroke()
}

/**
 * The intervals, the widest first, each run of known bounds a shape of its own.
 * @param {Frame} frame
 */
export function paintBands(frame) {
  const { context, palette, view } = frame
  const { series } = view
  for (let level = series.levels.length - 1; level >= 0; level--) {
    const lower = heightsOf(frame, (index) => series.lower(index, level))
    const upper = heightsOf(frame, (index) => series.upper(index, level))
    context.fillStyle = level === 0 ? palette.inner : palette.outer
    context.beginPath()
    for (let i = 0; i < lower.length; ) {
      let end = i
      while (end < lower.length && !isGap(lower, end) && !isGap(upper, end)) end++
      if (end > i + 1) traceBand(frame, i, end, lower, upper)
      i = Math.max(end, i + 1)
    }
    context.fill()
  }
}

/**
 * @param {Float64Array} heights
 * @param {number} at
 */
function isGap(heights, at) {
  return Number.isNaN(heights[at] ?? Number.NaN)
}

/**
 * @param {Frame} frame
 * @param {number} from
 * @param {number} end
 * @param {Float64Array} lower
 * @param {Float64Array} upper
 */
function traceBand({ context, places }, from, end, lower, upper) {
  context.moveTo(places[from] ?? 0, lower[from] ?? 0)
  for (let i = from + 1; i < end; i++) context.lineTo(places[i] ?? 0, lower[i] ?? 0)
  for (let i = end - 1; i >= from; i--) context.lineTo(places[i] ?? 0, upper[i] ?? 0)
  context.closePath()
}

/**
 * A line with a gap wherever a value is not known; a value alone between two gaps is a dot.
 * @param {Frame} frame
 * @param {(index: number) => number} valueAt
 * @param {string} colour
 * @param {number} width
 */
export function paintLine(frame, valueAt, colour, width) {
  const { context, plot, places } = frame
  const heights = heightsOf(frame, valueAt)
  const hasDots = (plot.right - plot.left) / heights.length >= DOT_PX
  context.strokeStyle = colour
  context.fillStyle = colour
  context.lineWidth = width
  context.lineJoin = 'round'
  context.beginPath()
  for (let i = 0; i < heights.length; i++) {
    if (isGap(heights, i)) continue
    const [x, y] = [places[i] ?? 0, heights[i] ?? 0]
    const isFirst = isGap(heights, i - 1)
    if (isFirst) context.moveTo(x, y)
    else context.lineTo(x, y)
  }
  context.stroke()
  for (let i = 0; i < heights.length; i++) {
    const isAlone = isGap(heights, i - 1) && isGap(heights, i + 1)
    if ((hasDots || isAlone) && !isGap(heights, i)) {
      dot(context, places[i] ?? 0, heights[i] ?? 0, width + 0.7)
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x CSS pixels
 * @param {number} y
 * @param {number} radius
 */
function dot(context, x, y, radius) {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

/**
 * The newest forecast: an open point with its intervals, tied to the newest value by dashes.
 * @param {Frame} frame
 */
export function paintNext(frame) {
  const { context, palette, view } = frame
  const { next, levels } = view.series
  if (Number.isNaN(view.nextX) || next?.mean == null) return
  const x = toX(frame, view.nextX)
  const y = toY(frame, next.mean)
  for (let level = levels.length - 1; level >= 0; level--) {
    const lower = toY(frame, boundOf(next.bounds, level, 0))
    const upper = toY(frame, boundOf(next.bounds, level, 1))
    if (Number.isNaN(lower + upper)) continue
    const half = level === 0 ? 5 : 3
    context.fillStyle = level === 0 ? palette.inner : palette.outer
    context.fillRect(x - half, upper, 2 * half, lower - upper)
  }
  context.strokeStyle = palette.accent
  context.lineWidth = 1.5
  const last = view.series.observed(view.to - 1)
  if (!Number.isNaN(last)) {
    context.setLineDash([4, 4])
    context.beginPath()
    context.moveTo(toX(frame, view.x(view.to - 1)), toY(frame, last))
    context.lineTo(x, y)
    context.stroke()
    context.setLineDash([])
  }
  context.fillStyle = palette.surface
  context.beginPath()
  context.arc(x, y, 4, 0, 2 * Math.PI)
  context.fill()
  context.stroke()
}

/**
 * A line through the marked point, and its two values.
 * @param {Frame} frame
 * @param {number} index
 */
export function paintMark(frame, index) {
  const { context, palette, plot, view } = frame
  const x = Math.round(toX(frame, view.x(index))) + 0.5
  context.strokeStyle = palette.line
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x, plot.top)
  context.lineTo(x, plot.bottom)
  context.stroke()
  for (const [colour, value] of /** @type {const} */ ([
    [palette.accent, view.series.predicted(index)],
    [palette.ink, view.series.observed(index)],
  ])) {
    context.fillStyle = colour
    if (!Number.isNaN(value)) dot(context, x, toY(frame, value), 4)
  }
}
