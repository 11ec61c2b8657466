import type { WatchedAppOptions } from './watched-app.ts'

type Kind = NonNullable<WatchedAppOptions['kind']>

const words = ['the', 'wheel', 'turns', 'the', 'mill', 'grinds']
/** Steps between a prediction and its label. */
const delay = 5
/** One label in so many never comes. */
const lost = 10

/** Words in a loop, some of them in the wrong place. */
const symbols: Kind = {
  task: { kind: 'symbols', field: 'word', alphabet: 'auto', contexts: { bits: 12 } },
  make: (step, key, random) => {
    const place = random.normal() > 2 ? step * 7 : step + key
    return { word: words[place % words.length] }
  },
}

/** Inputs at even steps; at odd ones the label of an earlier one. */
function supervised(type: 'regression' | 'classification'): Kind {
  const inputOf = (step: number, key: number): number => ((step * 7 + key) % 13) / 13
  const labelOf = (x: number): number | string =>
    type === 'regression' ? 10 + 5 * x : x < 0.5 ? 'low' : 'high'
  return {
    task: {
      ...{ kind: 'supervised', type, inputs: ['x'], targets: ['y'], id: 'id' },
      labels: { maxPending: 100 },
    },
    make: (step, key) => {
      const n = Math.floor(step / 2)
      if (step % 2 === 0) return { id: `${key}-${n}`, x: inputOf(n, key) }
      const of = n % lost === 0 ? n : n - delay
      return { id: `${key}-${of}`, y: labelOf(inputOf(of, key)) }
    },
  }
}

/** A small application of each kind of task that forecasts nothing. */
export const otherKinds: readonly Kind[] = [
  symbols,
  supervised('regression'),
  supervised('classification'),
]
