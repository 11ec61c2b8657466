import type { Gauge } from 'prom-client'
import type { MetricName } from './catalogue.ts'
import type { LabelCounts, LabelsReport } from './kind-report.ts'
import type { LearningReport, MemberErrors, NetworkReport, SlotReport } from './learning-report.ts'
import type { Instruments } from './task-metrics.ts'
import {
  baselines,
  evictionKinds,
  type Label,
  type LabelOutcome,
  labelOutcomes,
} from './vocabulary.ts'

type Labels = Partial<Record<Label, string | number>>

/** Digits of a gauge: more than an error's estimate has, and a scrape is a third shorter. */
const DIGITS = 6

const networkGauges = [
  ['headrace_gradient_norm', 'gradientNorm'],
  ['headrace_weight_norm', 'weightNorm'],
  ['headrace_update_size_ratio', 'updateSize'],
  ['headrace_saturated_units_ratio', 'saturatedUnits'],
  ['headrace_learning_rate', 'learningRate'],
] as const

const labelGauges = [
  ['headrace_label_mae', 'mae'],
  ['headrace_label_accuracy_ratio', 'accuracy'],
  ['headrace_label_log_loss', 'logLoss'],
] as const

const labelCounts: Readonly<Record<LabelOutcome, keyof LabelCounts>> = {
  matched: 'labels',
  corrected: 'corrected',
  unmatched: 'unmatched',
  expired: 'expired',
  replaced: 'replaced',
  id_too_long: 'longIds',
  dropped: 'dropped',
}

/** The series of one partition that tell how its model learns. */
export class LearningSeries {
  readonly #partition: string
  readonly #instruments: Instruments
  /** What to take away at the end, by gauge and label set. */
  readonly #set = new Map<Gauge<Label>, Map<string, Labels>>()

  constructor(partition: string, instruments: Instruments) {
    this.#partition = partition
    this.#instruments = instruments
  }

  report(report: LearningReport): void {
    this.#gauge('headrace_sequences', {}, report.sequences)
    this.#gauge('headrace_windows', {}, report.windows)
    this.#gauge('headrace_state_bytes', {}, report.stateBytes)
    const evictions = this.#instruments.counter('headrace_evictions_total')
    for (const kind of evictionKinds) {
      evictions.inc({ partition: this.#partition, kind }, report.evictions[kind])
    }
    this.#drifts(report)
    report.seasons.forEach((steps, i) => {
      this.#gauge('headrace_season_steps', { rank: i + 1 }, steps)
    })
    for (const network of report.networks) this.#network(network)
    for (const slot of report.slots) this.#slot(slot)
    for (const row of report.errors) this.#errors(row)
    for (const { member, bitsPerSymbol, fadingBitsPerSymbol } of report.symbols) {
      this.#ratio('headrace_symbol_code_length', { member }, bitsPerSymbol)
      this.#ratio('headrace_symbol_fading_code_length', { member }, fadingBitsPerSymbol)
    }
    if (report.labels !== null) this.#labels(report.labels)
  }

  /** The smallest horizon alone is watched; its counters begin at 0, so a rate sees the first. */
  #drifts({ slots, drifts }: LearningReport): void {
    const counter = this.#instruments.counter('headrace_drift_events_total')
    const smallest = Math.min(...slots.map(({ horizon }) => horizon))
    const partition = this.#partition
    for (const { target, horizon } of slots) {
      if (horizon === smallest) counter.inc({ partition, target, horizon }, 0)
    }
    for (const { target, horizon } of drifts) counter.inc({ partition, target, horizon })
  }

  close(): void {
    for (const [gauge, all] of this.#set) for (const labels of all.values()) gauge.remove(labels)
    this.#set.clear()
  }

  #network(report: NetworkReport): void {
    const member = report.network
    for (const [name, field] of networkGauges) this.#ratio(name, { member }, report[field])
    const labels = { partition: this.#partition, member }
    this.#instruments.counter('headrace_clipped_updates_total').inc(labels, report.clippedUpdates)
  }

  #slot({ target, horizon, ...report }: SlotReport): void {
    const slot = { target, horizon }
    this.#ratio('headrace_target_mean_absolute', slot, report.meanAbsolute)
    this.#ratio('headrace_target_fading_mean_absolute', slot, report.fadingMeanAbsolute)
    for (const baseline of baselines) {
      this.#ratio('headrace_skill_ratio', { ...slot, baseline }, report.skill[baseline])
    }
    for (const { member, weight } of report.weights) {
      this.#ratio('headrace_member_weight_ratio', { ...slot, member }, weight)
    }
    for (const { level, coverage, width } of report.intervals) {
      this.#ratio('headrace_interval_coverage_ratio', { ...slot, level }, coverage)
      this.#ratio('headrace_interval_width', { ...slot, level }, width)
    }
  }

  #errors({ target, horizon, member, mae, fadingMae }: MemberErrors): void {
    const labels = { target, horizon, member }
    this.#ratio('headrace_prequential_mae', labels, mae)
    this.#ratio('headrace_prequential_fading_mae', labels, fadingMae)
  }

  #labels({ pending, counts, scores }: LabelsReport): void {
    this.#gauge('headrace_labels_pending', {}, pending)
    const counter = this.#instruments.counter('headrace_labels_total')
    for (const outcome of labelOutcomes) {
      counter.inc({ partition: this.#partition, outcome }, counts[labelCounts[outcome]])
    }
    for (const { target, member, ...score } of scores) {
      const labels = { target, member }
      for (const [name, field] of labelGauges) this.#ratio(name, labels, score[field])
    }
  }

  #ratio(name: MetricName, labels: Labels, value: number): void {
    this.#gauge(name, labels, Number(value.toPrecision(DIGITS)))
  }

  /** Text of the exposition has no value for "not known": such a series is absent. */
  #gauge(name: MetricName, labels: Labels, value: number): void {
    const gauge = this.#instruments.gauge(name)
    const all = this.#set.get(gauge) ?? new Map<string, Labels>()
    const whole = { partition: this.#partition, ...labels }
    if (Number.isFinite(value)) {
      gauge.set(whole, value)
      all.set(Object.values(whole).join('\u0000'), whole)
      this.#set.set(gauge, all)
    } else if (all.delete(Object.values(whole).join('\u0000'))) {
      gauge.remove(whole)
    }
  }
}
