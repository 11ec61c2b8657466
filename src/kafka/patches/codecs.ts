import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

export interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

/** A batch is at most some megabytes: beyond this it is a bomb. */
const maxDecompressedBytes = 256 * 1024 * 1024

/**
 * kafkajs reads gzip alone; Node brings zstd. Snappy and lz4 stay unreadable: the decoder turns
 * their exception into the failure of one partition.
 */
export const zstdCodec: Codec = {
  compress: async (encoder) => zstdCompressSync(encoder.buffer),
  decompress: async (bytes) => zstdDecompressSync(bytes, { maxOutputLength: maxDecompressedBytes }),
}
