import { expect, test } from 'vitest'
import { parseJavaVersion } from '../../../src/broker/java-version.ts'

// It holds true: the feature release is found in every form that `java -version` has had.
test.each([
  ['java version "1.8.0_402"', 8],
  ['openjdk version "11.0.2" 2019-01-15', 11],
  ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
  ['openjdk version "21-ea" 2023-09-19', 21],
  ['openjdk version "25" 2025-09-16', 25],
  ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.1"', 17],
  ['The operation couldn’t be completed. Unable to locate a Java Runtime.', null],
  ['', null],
])('%j is Java %j', (output, version) => {
  expect(parseJavaVersion(output)).toBe(version)
})
