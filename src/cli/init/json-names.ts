const maxNames = 2000

/**
 * The names at the top level of JSON objects, in the order of their coming, at most 2,000. Values
 * that are no objects are passed over: the decoder says what is wrong with them.
 */
export function jsonNames(values: readonly Uint8Array[]): string[] {
  const names = new Set<string>()
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  for (const value of values) {
    if (names.size >= maxNames) break
    for (const name of Object.keys(parsed(value, utf8))) names.add(name)
  }
  // A configuration cannot name the empty field.
  return [...names].filter((name) => name !== '').slice(0, maxNames)
}

function parsed(value: Uint8Array, utf8: { decode(value: Uint8Array): string }): object {
  try {
    const object: unknown = JSON.parse(utf8.decode(value))
    return typeof object === 'object' && object !== null && !Array.isArray(object) ? object : {}
  } catch {
    return {}
  }
}
