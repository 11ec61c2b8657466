import { mean, series, smallest } from './query.ts'

const mixture = 'member="mixture"'

/** 1 − what the mixture lost over what `baseline` did, of each partition and target. */
function against(lossOf: (matcher: string) => string, baseline: string): string {
  return `1 - ${lossOf(mixture)} / ignoring (member) (${lossOf(`member="${baseline}"`)} > 0)`
}

const absolute = (matcher: string): string => series('headrace_label_mae', matcher)
const wrong = (matcher: string): string =>
  `(1 - ${series('headrace_label_accuracy_ratio', matcher)})`
const bits = (matcher: string): string => series('headrace_symbol_fading_code_length', matcher)

/** Skill against the label that came last, of the worst partition; of numbers or of classes. */
export const labelSkill = smallest(
  `${against(absolute, 'last')} or ${against(wrong, 'last')}`,
  'application, target',
)

/** Skill against the frequencies of symbols, a mean over partitions. */
export const symbolSkill = mean(against(bits, 'order:0'), 'application')
