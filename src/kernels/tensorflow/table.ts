import type { Attribute, Tensor, Tf } from './api.ts'

/** Rows of a table when it is opened. */
const ROWS_MIN = 64
/** What TensorFlow calls variables that nobody shares, each another (`ResourceHandle`). */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

/**
 * Rows of numbers (rows, width) on the device that are read and written in place: a variable of
 * TensorFlow itself, as tensors of TensorFlow.js are never written again. It grows as rows are
 * asked for; its last row is nobody's, for what must go somewhere.
 */
export class DeviceTable {
  readonly width: number
  private readonly tf: Tf
  private rows = ROWS_MIN
  private readonly usual: number
  private handle: Tensor

  /** `usual`: rows beyond which it grows by no more than is asked for. */
  constructor(tf: Tf, width: number, usual: number) {
    this.tf = tf
    this.usual = usual
    this.width = width
    this.handle = this.open(tf.tidy(() => tf.zeros([this.rows, width])))
  }

  /** The row that is nobody's. */
  get scrap(): number {
    return this.rows - 1
  }

  /** Makes room for rows 0 … `count` − 1. */
  grow(count: number): void {
    if (count < this.rows) return
    const { tf, rows, width } = this
    this.rows = Math.max(count, Math.min(2 * Math.max(rows, count), this.usual)) + 1
    const before = this.handle
    const all = Int32Array.from({ length: rows }, (_, i) => i)
    const content = tf.tidy(() => {
      const old = this.gather(tf.tensor(all, [rows], 'int32'))
      return tf.concat([old, tf.zeros([this.rows - rows, width])], 0)
    })
    this.handle = this.open(content)
    before.dispose()
  }

  /** Rows `places` (n) → (n, width). */
  gather(places: Tensor): Tensor {
    const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_BOOL, TF_FLOAT, TF_INT32 } = this.binding
    return this.tf.backend().executeSingleOutput(
      'ResourceGather',
      [
        { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT },
        { name: 'Tindices', type: TF_ATTR_TYPE, value: TF_INT32 },
        { name: 'batch_dims', type: TF_ATTR_INT, value: 0 },
        { name: 'validate_indices', type: TF_ATTR_BOOL, value: true },
      ],
      [this.handle, places],
    )
  }

  /** Writes `values` (n, width) to rows `places` (n). */
  scatter(places: Tensor, values: Tensor): void {
    const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = this.binding
    const attributes = [
      { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: 'Tindices', type: TF_ATTR_TYPE, value: TF_INT32 },
    ]
    this.execute('ResourceScatterUpdate', attributes, [this.handle, places, values])
  }

  dispose(): void {
    // Of a variable that nobody shares, nothing is left then.
    this.handle.dispose()
  }

  /** A variable that holds `content`, which is disposed of. */
  private open(content: Tensor): Tensor {
    const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_FLOAT } = this.binding
    const { tf } = this
    const handle = tf.keep(
      tf.backend().executeSingleOutput(
        'VarHandleOp',
        [
          { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT },
          { name: 'shape', type: TF_ATTR_SHAPE, value: content.shape },
          { name: 'shared_name', type: TF_ATTR_STRING, value: ANONYMOUS },
          { name: 'container', type: TF_ATTR_STRING, value: '' },
        ],
        [],
      ),
    )
    const dtype = [{ name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT }]
    this.execute('AssignVariableOp', dtype, [handle, content])
    content.dispose()
    return handle
  }

  private execute(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): void {
    this.tf.backend().executeMultipleOutputs(name, attributes, inputs, 0)
  }

  private get binding() {
    return this.tf.backend().binding
  }
}
