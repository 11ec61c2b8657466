/** @import { Frame } from './paint.js' */
/** @import { Palette } from './palette.js' */
import { paintAxes, paintBands, paintLine, paintMark, paintNext, placesOf } from './paint.js'
import { readPalette } from './palette.js'
import { View } from './view.js'

const MAX_WIDTHS = 200

/** The canvas: sized in the pixels of the device, drawn at most once a frame and when asked. */
export class Chart {
  /** @type {View | null} */
  #view = null
  /** Number of the marked point; null for none. @type {number | null} */
  #mark = null
  /** @type {Frame | null} what was drawn last */
  #frame = null
  /** @type {Palette} */
  #palette = readPalette()
  #width = 0
  #height = 0
  #isDue = false
  /** @type {Map<string, number>} */
  #widths = new Map()
  /** @type {HTMLCanvasElement} */
  #canvas
  /** @type {CanvasRenderingContext2D} */
  #context

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas
    const context = canvas.getContext('2d')
    if (context === null) throw new TypeError('the browser draws on no canvas')
    this.#context = context
    new ResizeObserver(([entry]) => {
      this.#width = entry?.contentRect.width ?? 0
      this.#height = entry?.contentRect.height ?? 0
      this.#fit()
    }).observe(canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#palette = readPalette()
      this.#ask()
    })
    this.#followRatio()
  }

  /** Another screen, or another zoom: the pixels of the device have another size. */
  #followRatio() {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    query.addEventListener(
      'change',
      () => {
        this.#fit()
        this.#followRatio()
      },
      { once: true },
    )
  }

  #fit() {
    this.#canvas.width = Math.round(this.#width * devicePixelRatio)
    this.#canvas.height = Math.round(this.#height * devicePixelRatio)
    this.#ask()
  }

  /**
   * @param {View} view
   * @param {number | null} mark
   */
  show(view, mark) {
    this.#view = view
    this.#mark = mark
    this.#ask()
  }

  /**
   * The point nearest to a place on the canvas; null while there is none.
   * @param {number} offsetX CSS pixels from its left edge
   */
  pointAt(offsetX) {
    if (this.#frame === null || this.#view === null || this.#view.isEmpty) return null
    const { left, right } = this.#frame.plot
    const share = (offsetX - left) / (right - left)
    const { xMin, xMax } = this.#view
    return this.#view.nearest(xMin + share * (xMax - xMin))
  }

  /**
   * To measure a text costs more than to draw it, and labels come again and again.
   * @param {string} label
   */
  #widthOf(label) {
    let width = this.#widths.get(label)
    if (width === undefined) {
      if (this.#widths.size >= MAX_WIDTHS) this.#widths.clear()
      width = this.#context.measureText(label).width
      this.#widths.set(label, width)
    }
    return width
  }

  #ask() {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      this.#draw()
    })
  }

  #draw() {
    const context = this.#context
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, this.#width, this.#height)
    const view = this.#view
    if (view === null || view.isEmpty || this.#width < 80) return
    const plot = { left: 4, right: this.#width - 16, top: 8, bottom: this.#height - 28 }
    const palette = this.#palette
    const widthOf = (/** @type {string} */ label) => this.#widthOf(label)
    const frame = { context, view, palette, plot, widthOf, places: placesOf({ view, plot }) }
    paintAxes(frame)
    frame.places = placesOf(frame)
    context.save()
    context.beginPath()
    context.rect(plot.left, plot.top - 6, plot.right - plot.left + 14, plot.bottom - plot.top + 6)
    context.clip()
    paintBands(frame)
    const { series } = view
    paintLine(frame, (index) => series.observed(index), palette.ink, 1.4)
    paintLine(frame, (index) => series.predicted(index), palette.accent, 1.8)
    paintNext(frame)
    if (this.#mark !== null && this.#mark >= view.from && this.#mark < view.to) {
      paintMark(frame, this.#mark)
    }
    context.restore()
    this.#frame = frame
  }
}
