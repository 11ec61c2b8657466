/** The library entry: the model without transport, and the recurrent engine on its own. */
export { HeadraceError } from './errors.ts'
export {
  type Event,
  Learner,
  type LearnerOptions,
  type Prediction,
} from './learner.ts'
export type { MemberScore } from './model/scores.ts'
export { NUMERICS_VERSION } from './model/version.ts'
export * as rnn from './rnn/index.ts'
