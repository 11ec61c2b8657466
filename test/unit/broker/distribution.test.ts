import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { provision } from '../../../src/broker/distribution.ts'
import { javaWay } from '../../../src/broker/java.ts'
import { systemClock } from '../../../src/clock.ts'

let folder: string
let cacheFolder: string
const lines: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-test-'))
  cacheFolder = join(folder, 'cache')
  await mkdir(join(folder, 'bin'))
  lines.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

/** A program that notes each call and then does what the shell text says. */
async function fake(name: string, body: string): Promise<void> {
  const script = `#!/bin/sh\nPATH=/usr/bin:/bin\necho "$*" >> ${folder}/${name}.calls\n${body}\n`
  await writeFile(join(folder, 'bin', name), script, { mode: 0o755 })
}

async function calls(name: string): Promise<string[]> {
  const text = await readFile(join(folder, `${name}.calls`), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

const mvn = `
for a in "$@"; do case $a in -DoutputDirectory=*) out=\${a#*=};; esac; done
[ -z "$out" ] || { mkdir -p "$out"; sleep 0.2; echo jar > "$out/kafka.jar"; }`
const java = `
for a in "$@"; do file=$a; done
if [ "$file" = -version ]; then echo 'openjdk version "17.0.15"' >&2; exit 0; fi
mkdir -p "$(sed -n 's/^log.dirs=//p' "$file")"`

const options = () => ({
  env: { PATH: join(folder, 'bin') },
  java: 'java',
  cacheFolder,
  clock: systemClock,
  log: (line: string) => lines.push(line),
})

// It holds true: the cache is filled once, whole or not at all, whoever else fills it.
test('fetched and formatted once, then taken from the cache', async () => {
  await fake('mvn', mvn)
  await fake('java', java)
  const first = await provision(options())
  expect(await provision(options())).toEqual(first)
  expect(await calls('mvn')).toHaveLength(2)
  expect(await calls('java')).toHaveLength(1)
  expect(lines).toEqual(['Fetching Apache Kafka 4.1.0 from Maven Central, once (43 MB) …'])
  expect(await readdir(cacheFolder)).toEqual(['4.1.0-1'])
  expect((await readdir(join(cacheFolder, '4.1.0-1'))).sort()).toEqual([
    'libs',
    'pom.xml',
    'template',
  ])
})

test('two at the same time both get it, and leave nothing else', async () => {
  await fake('mvn', mvn)
  await fake('java', java)
  const [first, second] = await Promise.all([provision(options()), provision(options())])
  expect(first).toEqual(second)
  expect(first).not.toBe(null)
  expect(await readdir(cacheFolder)).toEqual(['4.1.0-1'])
})

test('no mvn is null, and the cache stays empty', async () => {
  await fake('java', java)
  expect(await provision(options())).toBe(null)
  expect(await readdir(cacheFolder)).toEqual([])
})

test('a download that fails says what mvn said, and the cache stays empty', async () => {
  await fake('java', java)
  await fake('mvn', '[ "$1" = --version ] || { echo "[ERROR] Could not resolve x"; exit 1; }')
  await expect(provision(options())).rejects.toMatchObject({
    code: 'HEADRACE_BROKER_START',
    message:
      'mvn could not fetch Apache Kafka 4.1.0 from Maven Central (exit code 1): ' +
      '[ERROR] Could not resolve x',
  })
  expect(await readdir(cacheFolder)).toEqual([])
})

test('a format that fails says so, and the cache stays empty', async () => {
  await fake('mvn', mvn)
  await fake('java', 'echo "Exception in thread main" >&2; exit 1')
  await expect(provision(options())).rejects.toThrow(
    "Kafka's data folder could not be formatted (exit code 1): Exception in thread main",
  )
  expect(await readdir(cacheFolder)).toEqual([])
})

test('folders of killed processes are removed after an hour, not before', async () => {
  await fake('mvn', mvn)
  await fake('java', java)
  const old = join(cacheFolder, 'incomplete-old')
  const young = join(cacheFolder, 'incomplete-young')
  await mkdir(old, { recursive: true })
  await mkdir(young)
  const twoHoursAgo = systemClock.nowMs() / 1000 - 7200
  await utimes(old, twoHoursAgo, twoHoursAgo)
  await provision(options())
  expect([existsSync(old), existsSync(young)]).toEqual([false, true])
})

test('the Java way is closed by no Java, an old Java and no mvn', async () => {
  const request = { ...options(), temporaryFolder: folder }
  const noJava = { missing: 'there is no Java 17 or later' }
  expect(await javaWay(request)).toEqual(noJava)
  await fake('java', `echo 'openjdk version "11.0.2"' >&2`)
  expect(await javaWay(request)).toEqual(noJava)
  await fake('java', java)
  expect(await javaWay(request)).toEqual({ missing: 'there is no mvn to fetch Apache Kafka with' })
})

test('the Java of JAVA_HOME goes before the one of the PATH, unless it is too old', async () => {
  await fake('java', `echo 'openjdk version "11.0.2"' >&2`)
  const home = join(folder, 'jdk')
  await mkdir(join(home, 'bin'), { recursive: true })
  const script = `#!/bin/sh\necho 'openjdk version "21-ea"' >&2\n`
  await writeFile(join(home, 'bin', 'java'), script, { mode: 0o755 })
  const request = { ...options(), temporaryFolder: folder }
  const env = { ...request.env, JAVA_HOME: home }
  expect(await javaWay({ ...request, env })).toEqual({
    missing: 'there is no mvn to fetch Apache Kafka with',
  })
})
