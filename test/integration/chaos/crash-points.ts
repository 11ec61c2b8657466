import type { TopicNames } from '../../../src/kafka/topics.ts'
import { apis } from './frames.ts'

/** A place in the protocol at which a process is killed. */
export interface CrashPoint {
  readonly name: string
  readonly api: number
  readonly side: 'before' | 'after'
  /** Bytes of the request. */
  readonly contains?: string
  /** The end of a transaction with outputs, not of a mere marker. */
  readonly withOffsets?: boolean
  /** Who comes by there: any process, one that starts, or one that ends. */
  readonly at: 'run' | 'start' | 'stop'
}

/** `before`: the broker never sees the request. `after`: it has carried it out, nobody is told. */
export function crashPoints(topics: TopicNames): CrashPoint[] {
  const { input, predictions, deadLetters, changelog } = topics
  const { produce, fetch, endTxn } = apis
  return [
    { name: 'join', at: 'start', side: 'before', api: apis.joinGroup },
    { name: 'assignment', at: 'start', side: 'after', api: apis.syncGroup },
    { name: 'producer id', at: 'start', side: 'after', api: apis.initProducerId },
    { name: 'marker', at: 'start', side: 'before', api: produce, contains: '"fence"' },
    { name: 'marker sent', at: 'start', side: 'after', api: produce, contains: '"fence"' },
    { name: 'fence committed', at: 'start', side: 'after', api: endTxn },
    { name: 'changelog read', at: 'start', side: 'after', api: fetch, contains: changelog },
    { name: 'group offset', at: 'start', side: 'after', api: apis.offsetFetch },
    { name: 'input range', at: 'start', side: 'after', api: apis.listOffsets, contains: input },
    { name: 'replay', at: 'start', side: 'after', api: fetch, contains: input },
    { name: 'heartbeat', at: 'run', side: 'after', api: apis.heartbeat },
    { name: 'partitions added', at: 'run', side: 'after', api: apis.addPartitionsToTxn },
    { name: 'predictions', at: 'run', side: 'before', api: produce, contains: predictions },
    { name: 'predictions sent', at: 'run', side: 'after', api: produce, contains: predictions },
    { name: 'dead letters sent', at: 'run', side: 'after', api: produce, contains: deadLetters },
    { name: 'commit record', at: 'run', side: 'before', api: produce, contains: '"weightsHash"' },
    {
      name: 'commit record sent',
      at: 'run',
      side: 'after',
      api: produce,
      contains: '"weightsHash"',
    },
    { name: 'slice of a snapshot', at: 'run', side: 'before', api: produce, contains: '/shared/' },
    { name: 'slice sent', at: 'run', side: 'after', api: produce, contains: '/sequence/' },
    { name: 'manifest', at: 'run', side: 'before', api: produce, contains: '"stateHash"' },
    { name: 'manifest sent', at: 'run', side: 'after', api: produce, contains: '"stateHash"' },
    { name: 'group added', at: 'run', side: 'after', api: apis.addOffsetsToTxn },
    { name: 'offsets', at: 'run', side: 'before', api: apis.txnOffsetCommit },
    { name: 'offsets sent', at: 'run', side: 'after', api: apis.txnOffsetCommit },
    { name: 'EndTxn', at: 'run', side: 'before', api: endTxn, withOffsets: true },
    { name: 'committed', at: 'run', side: 'after', api: endTxn, withOffsets: true },
    { name: 'last commit', at: 'stop', side: 'after', api: endTxn, withOffsets: true },
    { name: 'leave', at: 'stop', side: 'before', api: apis.leaveGroup },
  ]
}
