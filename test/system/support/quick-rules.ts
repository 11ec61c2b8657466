import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { readText, folder as ruleFolder } from '../../unit/prometheus/rules.ts'

interface RuleGroup {
  readonly name: string
  readonly interval?: string
  readonly rules: readonly {
    readonly expr: string
    readonly for?: string
    readonly keep_firing_for?: string
  }[]
}

/** The rules as they ship. */
export const ruleFiles: readonly string[] = ['recording', 'alerts'].map((name) =>
  join(ruleFolder, `${name}.rules.yaml`),
)

/** No window may be shorter than this: a rate needs two scrapes, and one may be late. */
const leastWindowSeconds = 6
const shrink = 60
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/**
 * Writes the rules that ship into `folder` with all their times shortened, so that in seconds comes
 * what takes minutes, and returns the files: windows and offsets to a sixtieth, `for` and
 * `keep_firing_for` to nothing but a second. Names of series, thresholds and labels stay.
 */
export function writeQuickRules(folder: string): string[] {
  return ruleFiles.map((file) => {
    const { groups: all } = parse(readText(basename(file))) as { groups: RuleGroup[] }
    const groups = all.map(({ interval: _interval, rules, ...group }) => ({
      ...group,
      rules: rules.map(({ for: waits, keep_firing_for: _keeps, expr, ...rule }) => ({
        ...rule,
        expr: quick(expr),
        ...(waits === undefined ? {} : { for: '1s' }),
      })),
    }))
    const copy = join(folder, basename(file))
    writeFileSync(copy, stringify({ groups }))
    return copy
  })
}

/** `[1h]`, `[1h:1m]` and `offset 1h`, shortened. */
function quick(expr: string): string {
  return expr
    .replace(/\[([^\]:]+)(?::([^\]]*))?\]/g, (_, window, step) =>
      step === undefined ? `[${shorter(window)}]` : `[${shorter(window)}:1s]`,
    )
    .replace(/\boffset (\w+)/g, (_, window) => `offset ${shorter(window)}`)
}

function shorter(duration: string): string {
  let total = 0
  for (const [, count, unit] of duration.matchAll(/(\d+)([smhd])/g)) {
    total += Number(count) * (seconds[unit ?? ''] ?? Number.NaN)
  }
  return `${Math.max(leastWindowSeconds, Math.round(total / shrink))}s`
}
