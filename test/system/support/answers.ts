/** Series by their names and labels, with values in promtool's notation, 5 s apart. */
export type World = Readonly<Record<string, string>>

/** What a panel of the overview says at some moment of a world. */
export interface Answer {
  readonly panel: string
  readonly when: string
  readonly world: World
  /** A moment, or several at each of which it is said. */
  readonly at: readonly string[]
  readonly says: string
}

const h1 = 'job="headrace", instance="h1", application="taxi"'
const h2 = 'job="headrace", instance="h2", application="taxi"'
const task = `${h1}, partition="0"`
const network = `${task}, member="network:1e-3"`

/** A process without trouble, in touch with its group, which answers within the second. */
function process(labels: string, running = '2', more: World = {}): World {
  return {
    [`up{${labels.replace(/, application.*/, '')}}`]: '1x400',
    [`headrace_build_info{${labels}, version="0.1.0", node="24.9.0", kernel="wasm"}`]: '1x400',
    [`headrace_tasks{${labels}, state="RUNNING"}`]: `${running}x400`,
    [`headrace_tasks{${labels}, state="CLOSED"}`]: '0x400',
    [`headrace_group_member{${labels}}`]: '1x400',
    [`headrace_last_heartbeat_timestamp_seconds{${labels}}`]: '-1+5x400',
    ...more,
  }
}

const silent = { [`headrace_last_heartbeat_timestamp_seconds{${h1}}`]: '0+5x20 100x380' }
const outOfGroup = { [`headrace_group_member{${h1}}`]: '1x20 0x380' }

const up: Answer[] = [
  { when: 'all is well', world: process(h1), says: 'UP' },
  { when: 'the brokers are gone and nothing is in flight', world: process(h1, '2', silent) },
  { when: 'it has left its group', world: process(h1, '2', outOfGroup) },
  { when: 'it has lost its group and its tasks', world: process(h1, '0', outOfGroup) },
  {
    when: 'one of two processes has lost its group',
    world: { ...process(h1, '2', outOfGroup), ...process(h2) },
    says: 'DEGRADED',
  },
  {
    when: 'no heartbeat was due yet',
    world: process(h1, '2', { [`headrace_last_heartbeat_timestamp_seconds{${h1}}`]: '_x400' }),
    says: 'UP',
  },
  {
    when: 'a task restores',
    world: process(h1, '2', { [`headrace_tasks{${h1}, state="RESTORING"}`]: '1x400' }),
    says: 'DEGRADED',
  },
  { when: 'it has no partition', world: process(h1, '0'), says: 'UP, NO PARTITION' },
  {
    when: 'the process is gone',
    world: {
      'up{job="headrace", instance="h1"}': '1x20 0x380',
      [`headrace_build_info{${h1}, version="0.1.0", node="24.9.0", kernel="wasm"}`]: '1x20 stale',
    },
    says: 'DOWN',
  },
  { when: 'nothing was ever there', world: {}, says: 'NOTHING REPORTS' },
].map((each) => ({ says: 'KAFKA OUT OF REACH', ...each, panel: 'Is it up?', at: ['5m'] }))

function taskIn(state: string, lag: string, records: string): World {
  return {
    ...process(h1),
    [`headrace_task_state{${task}, state="${state}"}`]: '1x400',
    [`headrace_lag_records{${task}}`]: lag,
    [`headrace_records_total{${task}}`]: records,
  }
}

const other = `${h1}, partition="1"`
const late = {
  [`headrace_task_state{${other}, state="RUNNING"}`]: '1x400',
  [`headrace_lag_records{${other}}`]: '9000x400',
  [`headrace_records_total{${other}}`]: '0+500x400',
}

const keepingUp: Answer[] = [
  { when: 'a second of work waits', world: taskIn('RUNNING', '100x400', '0+500x400') },
  {
    when: 'ten seconds of work wait',
    world: taskIn('RUNNING', '1000x400', '0+500x400'),
    says: 'CATCHING UP',
  },
  {
    when: 'a minute and a half of work waits',
    world: taskIn('RUNNING', '9000x400', '0+500x400'),
    says: 'FALLING BEHIND',
  },
  {
    when: 'records wait and none is taken in',
    world: taskIn('RUNNING', '100x400', '500x400'),
    says: 'STUCK',
  },
  {
    when: 'records wait for a restore',
    world: taskIn('RESTORING', '100x400', '500x400'),
    says: 'RESTORING',
  },
  {
    when: 'one restores and another is late',
    world: { ...taskIn('RESTORING', '100x400', '500x400'), ...late },
    says: 'FALLING BEHIND',
  },
  {
    when: 'nothing comes',
    world: taskIn('RUNNING', '0x400', '500x400'),
    says: 'IDLE, NOTHING WAITS',
  },
  {
    when: 'nobody hears of Kafka',
    world: { ...taskIn('RUNNING', '0x400', '500x400'), ...silent },
    says: 'UNKNOWN',
  },
  {
    when: 'the task has failed',
    world: taskIn('FAILED', '100x400', '500x400'),
    says: 'NO TASK RUNS',
  },
].map((each) => ({ says: 'KEEPING UP', ...each, panel: 'Is it keeping up?', at: ['5m'] }))

function learner(predictions: string, updates: string, rate = '0.001'): World {
  return {
    [`headrace_records_total{${task}}`]: '0+500x400',
    [`headrace_predictions_total{${task}}`]: predictions,
    [`headrace_updates_total{${task}}`]: updates,
    [`headrace_learning_rate{${network}}`]: `${rate}x400`,
  }
}

/** One more in eight steps of five seconds, for 30 minutes. */
const slowUpdates = Array.from({ length: 45 }, (_, count) => `${count}x7`).join(' ')

/** Labels that the last 15 minutes have brought for predictions of a supervised task. */
function labels(matched: string): World {
  return { [`headrace_labels_total{${task}, outcome="matched"}`]: matched }
}

/** A model without networks, so without a learning rate. */
const withoutNetworks: World = {
  [`headrace_records_total{${task}}`]: '0+500x400',
  [`headrace_predictions_total{${task}}`]: '0+500x400',
  [`headrace_updates_total{${task}}`]: '0x400',
  [`headrace_sequences{${task}}`]: '3x400',
}

const learning: Answer[] = [
  {
    when: 'a record comes each 5 s and every eighth brings an update',
    world: learner('0+1x400', slowUpdates),
    at: ['20m', '1210s', '1220s', '1230s'],
  },
  {
    when: 'many predictions bring no update',
    world: learner('0+500x400', '7x400'),
    says: 'FROZEN',
  },
  {
    when: 'some predictions bring no update',
    world: learner('0+1x400', '7x400'),
    says: 'TOO FEW TO TELL',
  },
  {
    when: 'many predictions bring no update, and no label has come',
    world: { ...learner('0+500x400', '7x400'), ...labels('40x400') },
    says: 'WAITING FOR LABELS',
  },
  {
    when: 'many predictions bring no update, though labels come',
    world: { ...learner('0+500x400', '7x400'), ...labels('0+5x400') },
    says: 'FROZEN',
  },
  {
    when: 'neither labels nor predictions come',
    world: { ...learner('7x400', '7x400'), ...labels('40x400') },
    says: 'IDLE, NO PREDICTIONS',
  },
  { when: 'there are no networks', world: withoutNetworks, says: 'OFF' },
  { when: 'it is not to learn', world: learner('0+500x400', '0x400', '0'), says: 'OFF' },
  {
    when: 'records come and none can be used',
    world: learner('7x400', '7x400'),
    says: 'IDLE, NO PREDICTIONS',
  },
  { when: 'no transaction ends', world: learner('7x400', '0+60x400') },
  { when: 'there is no task', world: {}, says: 'NO TASK' },
].map((each) => ({ says: 'LEARNING', at: ['20m'], ...each, panel: 'Is it learning?' }))

function skilled(persistence: string): World {
  const slot = `${task}, target="passengers", horizon="1"`
  return {
    [`headrace_skill_ratio{${slot}, baseline="persistence"}`]: `${persistence}x400`,
    [`headrace_skill_ratio{${slot}, baseline="seasonal"}`]: '0.4x400',
    [`headrace_skill_ratio{${slot}, baseline="rls"}`]: '-0.4x400',
  }
}

/** Labels that are numbers, and others that are classes, each against the last one known. */
function labelled(error: string, accuracy: string): World {
  const rent = `${task}, target="rent"`
  const taken = `${task}, target="taken"`
  return {
    [`headrace_label_mae{${rent}, member="mixture"}`]: `${error}x400`,
    [`headrace_label_mae{${rent}, member="last"}`]: '10x400',
    [`headrace_label_accuracy_ratio{${taken}, member="mixture"}`]: `${accuracy}x400`,
    [`headrace_label_accuracy_ratio{${taken}, member="last"}`]: '0.5x400',
  }
}

function spelt(bits: string): World {
  return {
    [`headrace_symbol_fading_code_length{${task}, member="mixture"}`]: `${bits}x400`,
    [`headrace_symbol_fading_code_length{${task}, member="order:0"}`]: '4x400',
    [`headrace_symbol_fading_code_length{${task}, member="order:2"}`]: '2x400',
  }
}

const better: Answer[] = [
  { when: 'it is', world: skilled('0.3'), says: 'BETTER' },
  { when: 'it is about as good', world: skilled('0.01'), says: 'NO BETTER' },
  { when: 'it is not', world: skilled('-0.3'), says: 'WORSE' },
  { when: 'labels are', world: labelled('5', '0.9'), says: 'BETTER' },
  { when: 'labels that are numbers are not', world: labelled('11', '0.9'), says: 'WORSE' },
  { when: 'labels that are classes are not', world: labelled('5', '0.4'), says: 'WORSE' },
  { when: 'symbols are', world: spelt('2.1'), says: 'BETTER' },
  { when: 'symbols are not', world: spelt('4.2'), says: 'WORSE' },
  {
    when: 'the worst of three applications is as good',
    world: { ...skilled('0.3'), ...labelled('5', '0.9'), ...spelt('3.98') },
    says: 'NO BETTER',
  },
  { when: 'nothing was scored', world: {}, says: 'NOT SCORED YET' },
].map((each) => ({ ...each, panel: 'Is it better than naive?', at: ['5m'] }))

/** What the first row of the overview says when. */
export const answers: readonly Answer[] = [...up, ...keepingUp, ...learning, ...better]

/** When a restore is marked, and when it is not. */
export interface Restored {
  readonly when: string
  readonly world: World
  readonly marked: readonly string[]
  readonly unmarked: readonly string[]
}

function restores(done: string, start: string): World {
  return {
    [`headrace_restores_total{${task}, outcome="done"}`]: done,
    [`headrace_restores_total{${task}, outcome="failed"}`]: done.replace(/[1-9]/g, '0'),
    [`process_start_time_seconds{${h1}}`]: start,
  }
}

/** Restores of a task in a process that began 1000 s before the first sample. */
export const restored: readonly Restored[] = [
  {
    when: 'the first scrape of a process finds it done',
    world: restores('_x20 1 1x200', '_x20 95 95x200'),
    marked: ['106s', '115s'],
    unmarked: ['90s', '150s', '300s'],
  },
  {
    when: 'a process follows the other between two scrapes',
    world: restores('1x200', '-1000x20 103x200'),
    marked: ['106s', '115s'],
    unmarked: ['90s', '150s', '300s'],
  },
  {
    when: 'a process is given a partition',
    world: restores('_x20 1 1x200', '-1000x200'),
    marked: ['106s', '115s'],
    unmarked: ['90s', '150s', '300s'],
  },
  {
    when: 'a task is restored where it is',
    world: restores('1x20 2x200', '-1000x200'),
    marked: ['106s', '115s'],
    unmarked: ['90s', '150s', '300s'],
  },
  {
    when: 'scrapes have failed for a while',
    world: restores('3x20 stale _x20 3x200', '-1000x20 stale _x20 -1000x200'),
    marked: [],
    unmarked: ['90s', '150s', '210s', '215s', '225s', '240s'],
  },
]
