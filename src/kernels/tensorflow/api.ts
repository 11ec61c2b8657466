/**
 * What the kernel uses of TensorFlow.js (https://js.tensorflow.org/api/4.22.0), of which this
 * project installs nothing: users add the package that fits their machine.
 */

/** A tensor on the device, single precision unless it was made otherwise. */
export interface Tensor {
  readonly shape: readonly number[]
  /** Its values, fetched from the device; whoever fetches waits. */
  dataSync(): Float32Array
  dispose(): void
}

export interface Tf {
  readonly version_core: string
  memory(): { readonly numTensors: number; readonly numBytes: number }
  /** Frees all tensors made in `make` but those that it returns or that are kept. */
  tidy<T>(make: () => T): T
  keep(tensor: Tensor): Tensor
  tensor(
    values: Float32Array | Int32Array | Uint8Array,
    shape: readonly number[],
    type?: 'float32' | 'int32' | 'bool',
  ): Tensor
  zeros(shape: readonly number[]): Tensor
  zerosLike(x: Tensor): Tensor
  onesLike(x: Tensor): Tensor
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor
  add(a: Tensor, b: Tensor | number): Tensor
  sub(a: Tensor | number, b: Tensor | number): Tensor
  mul(a: Tensor | number, b: Tensor | number): Tensor
  div(a: Tensor, b: Tensor | number): Tensor
  abs(x: Tensor): Tensor
  square(x: Tensor): Tensor
  sqrt(x: Tensor): Tensor
  rsqrt(x: Tensor): Tensor
  sigmoid(x: Tensor): Tensor
  tanh(x: Tensor): Tensor
  /** Where `condition` is true `a`, else `b`, all of one shape. */
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor
  broadcastTo(x: Tensor, shape: readonly number[]): Tensor
  lessEqual(a: Tensor, b: Tensor | number): Tensor
  sum(x: Tensor, axis?: number, keepDims?: boolean): Tensor
  mean(x: Tensor, axis?: number, keepDims?: boolean): Tensor
  concat(tensors: readonly Tensor[], axis?: number): Tensor
  split(x: Tensor, parts: number | readonly number[], axis: number): Tensor[]
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor
  reshape(x: Tensor, shape: readonly number[]): Tensor
  gather(x: Tensor, indices: Tensor, axis?: number): Tensor
  backend(): Backend
}

/** One attribute of an operation of TensorFlow itself: its name, kind and value. */
export interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

/** The back end of tfjs-node, which runs any operation of TensorFlow by its name. */
export interface Backend {
  readonly isUsingGpuDevice: boolean
  readonly binding: {
    readonly TF_ATTR_TYPE: number
    readonly TF_ATTR_SHAPE: number
    readonly TF_ATTR_STRING: number
    readonly TF_ATTR_BOOL: number
    readonly TF_ATTR_INT: number
    readonly TF_FLOAT: number
    readonly TF_INT32: number
  }
  executeSingleOutput(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
  ): Tensor
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[]
}
