import { formatPath, type Path } from './places.ts'

interface LaterValues {
  readonly values: readonly unknown[]
  /** What this version has in their place. */
  readonly instead: string
}

/** Values of headrace's design that this version does not have yet, by path. */
const laterValues: Readonly<Record<string, LaterValues>> = {
  'input.format': {
    values: ['avro', 'protobuf', 'float32'],
    instead: 'json, csv and bytes',
  },
}

/** Says so where a value belongs to another version; undefined where it is just wrong. */
export function laterValue(path: Path, value: unknown): string | undefined {
  const later = laterValues[formatPath(path)]
  if (later === undefined || !later.values.includes(value)) return undefined
  return `${JSON.stringify(value)} is not in this version, which has ${later.instead}`
}
