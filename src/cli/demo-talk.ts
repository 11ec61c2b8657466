import type { Io } from './command.ts'
import { Screen } from './demo-screen.ts'
import { type DemoState, plainLine, screenLines } from './demo-view.ts'
import { hasColour } from './plot.ts'

const SCREEN_MS = 250
const PLAIN_MS = 2000

/**
 * Shows how the demo goes: on a terminal a block that is drawn in place, else a plain line now and
 * then on standard error. With JSON on standard output never a block.
 */
export class DemoTalk {
  /** For the logger: on a terminal its lines go above the block. */
  readonly logStream: { write(line: string): void; readonly isTTY?: boolean }
  readonly #io: Io
  readonly #screen: Screen | null
  #timer: NodeJS.Timeout | undefined
  #show: () => void = () => {}

  constructor(io: Io, isJson: boolean) {
    this.#io = io
    this.#screen = !isJson && io.stdout.isTTY === true ? new Screen(io.stdout) : null
    this.logStream = {
      write: (line) => this.#above(line),
      isTTY: io.stderr.isTTY === true,
    }
  }

  /** One line for the user, on standard error. */
  say(line: string): void {
    this.#above(`headrace: ${line}\n`)
  }

  /** Says the hints once, whole, and begins to show what `state` tells, a few times a second. */
  begin(hints: readonly string[], state: () => DemoState): void {
    const screen = this.#screen
    for (const hint of hints) this.say(hint)
    if (screen === null) {
      let last = -1
      this.#show = () => {
        const { records } = state().rows
        if (records !== last) this.#io.stderr.write(`${plainLine(state())}\n`)
        last = records
      }
    } else {
      const colour = hasColour(this.#io)
      this.#show = () => {
        const { columns, rows } = screen
        screen.draw(screenLines(state(), { columns, rows, colour }))
      }
      this.#show()
    }
    this.#timer = setInterval(() => this.#show(), screen === null ? PLAIN_MS : SCREEN_MS)
  }

  /** Shows the last state and stops. May be called again. */
  end(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#show()
    if (this.#screen !== null) this.#io.stdout.write('\n')
  }

  #above(text: string): void {
    this.#screen?.clear()
    this.#io.stderr.write(text)
  }
}
