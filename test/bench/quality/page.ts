import { readFileSync } from 'node:fs'
import { taskNames } from '../datasets.ts'
import type { QualityReport } from './report.ts'
import { type QualityTable, qualityTables } from './tables.ts'

/** What the figures of a section are, by its title. */
const explanations: Readonly<Record<string, string>> = {
  Scores:
    'The mixture that is published, mean and range over the seeds. `reached` and `beyond` say ' +
    'which of the two bounds it keeps.\n\n' +
    '- nyc_taxi: Σ|e| / Σ|y| from row 5,904 on.\n' +
    '- nyc_taxi, disturbed: on working days 20 % less from 7 to 11 h and 20 % more from 21 to ' +
    '24 h, from row 7,000 on; Σ|e| / Σ|y| over the second week behind (rows 7,336 to 7,671) ' +
    'against its own values, over the same of the series as it is.\n' +
    '- ETTh1: the first 14,400 rows; the squared error of each channel from row 2,880 on over ' +
    'the variance of its rows before, mean over 7 channels.\n' +
    '- bike_sharing_hour: mean absolute error from row 4,000 on; weather and calendar of the ' +
    'target’s hour are known.\n' +
    '- m4_hourly: rows of 414 series interleaved; the mean absolute error of each from its step ' +
    '336 on over that of the value a day before on the same steps, mean over series.\n' +
    '- exchange_rate: mean absolute error of each rate over persistence’s, from the second row ' +
    'on, the worst of 8. A control: less than 0.99 of any would mean that the future leaks in.',
  'The mixture against its best single member':
    'The best member is picked in hindsight, by its mean over the seeds.',
  'What the networks add':
    'The same tasks and seeds by a pool of lines alone, without any network.',
  Costs:
    'Both portfolios in turn in one process that has warmed up; the ratio is a median over ' +
    'rounds. Bytes are those of a sequence’s whole state with its window, with m4’s configuration.',
  Intervals:
    'Share of the values inside, over the rows scored: of all, of the target that is farthest ' +
    'off, and of the sliding window of 1,000 values that is farthest off with any seed (of m4 ' +
    'across its sequences). Width and the density’s scores are in the unit of the score: shares ' +
    'of the mean on nyc_taxi, standard deviations on ETTh1, rentals, the seasonal naive ' +
    'forecast’s error, persistence’s error.',
  Density: 'Mean negative log likelihood of the scaled values, and CRPS, over the rows scored.',
  Parts: 'The same scores one by one; of the disturbed series, both sides of its ratio.',
  'Every member':
    'Means over the seeds; a dash where a member did not predict every row that counts. ' +
    '`network:no-carry` forgets, is scored for comparison and takes no part.',
  'Best of a grid':
    'Apart from all above, which is one configuration for everything: the best of 18 ' +
    'configurations picked in hindsight for each task, with one seed.',
  Seconds: 'One run with the full portfolio, as many at the same time as there are cores.',
}

/** `docs/quality.md`. */
export function qualityPage(report: QualityReport): string {
  const { machine, version, date, seeds, notes } = report
  const { processor, cores, node } = machine
  const tasks = report.tasks.map(({ task }) => task)
  const options = [
    '--data FOLDER',
    ...(tasks.length === taskNames.length ? [] : [`--only ${tasks.join()}`]),
    ...(seeds === 5 ? [] : [`--seeds ${seeds}`]),
    ...report.sets.map((set) => `--set '${set}'`),
    ...(report.grid === undefined ? [] : ['--grid']),
    '--docs',
  ]
  return [
    '# Quality',
    'How well the default configuration learns real series, one record after another: it ' +
      'predicts, the prediction is kept, scored when its target arrives, and learnt from. Each ' +
      'task names its targets, horizons, seasons and known fields; all else is the default.',
    `Measured on ${date} with ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}: ${processor}, ` +
      `${cores} cores, headrace ${version} (numerics version ${report.numericsVersion}), ` +
      `Node ${node.replace(/^v/, '')}. Written by`,
    ['```sh', `npm run bench:quality -- ${options.join(' ')}`, '```'].join('\n'),
    'The folder has the files as they are published: nyc_taxi.csv of the Numenta Anomaly ' +
      'Benchmark (which comes with headrace), ETTh1.csv of ETDataset, bike_sharing_hour.csv of ' +
      'the UCI repository’s Bike Sharing, the hourly training series of M4, exchange_rate.csv of ' +
      'multivariate-time-series-data.',
    ...notes,
    ...qualityTables(report).map(section),
    readFileSync(new URL('tried.md', import.meta.url), 'utf8').trim(),
  ]
    .join('\n\n')
    .concat('\n')
}

function section({ title, cells }: QualityTable): string {
  const [head = [], ...rows] = cells
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')))
  const text = explanations[title] ?? ''
  return [`## ${title}`, '', text, '', line(head), rule, ...rows.map(line)].join('\n')
}
