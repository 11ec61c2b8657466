/**
 * The feature release in what `java -version` prints: 8 for `1.8.0_402`, 17 for `17.0.15`, 21 for
 * `21-ea`. null where there is no version, as in the message of the stub that macOS ships.
 */
export function parseJavaVersion(output: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(output)
  return match === null ? null : Number(match[1])
}
