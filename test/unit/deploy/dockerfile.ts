/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string
  /** `--from=build` as `['from', 'build']`. */
  readonly flags: ReadonlyMap<string, string>
  /** What follows the flags, continuation lines joined. */
  readonly text: string
  /** The words of the exec form, ["…", "…"]; null for another form. */
  readonly exec: readonly string[] | null
}

export interface Stage {
  readonly name: string
  /** The image or the stage that it begins from, its arguments filled in. */
  readonly base: string
  readonly instructions: readonly Instruction[]
}

/**
 * The stages of a Dockerfile in their order. Knows what our own uses: comments, continuation lines,
 * flags, the exec form, arguments with defaults before the first FROM.
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = []
  const defaults = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const instruction = parseInstruction(line)
    const stage = stages.at(-1)
    if (instruction.name === 'FROM') {
      const [image = '', , name = String(stages.length)] = instruction.text.split(/\s+/)
      const base = image.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => defaults.get(key) ?? '')
      stages.push({ name, base, instructions: [] })
    } else if (stage === undefined) {
      const [key = '', value = ''] = instruction.text.split('=')
      defaults.set(key, value)
    } else {
      stage.instructions.push(instruction)
    }
  }
  return stages
}

/** Those of a stage with this name, in order. */
export function instructionsOf(stage: Stage | undefined, name: string): Instruction[] {
  return stage?.instructions.filter((instruction) => instruction.name === name) ?? []
}

/** The command of a HEALTHCHECK in exec form; null for another form. */
export function healthCommand(instruction: Instruction | undefined): readonly string[] | null {
  const text = instruction?.text ?? ''
  return text.startsWith('CMD ') ? execForm(text.slice('CMD '.length).trim()) : null
}

function logicalLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line))
  return lines
    .join('\n')
    .replaceAll(/\\\s*\n\s*/g, ' ')
    .split('\n')
}

function parseInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? []
  const flags = new Map<string, string>()
  let text = rest.trim()
  for (;;) {
    const flag = /^--([\w-]+)(?:=(\S+))?\s+/.exec(text)
    if (flag === null) break
    flags.set(flag[1] ?? '', flag[2] ?? '')
    text = text.slice(flag[0].length)
  }
  return { name: name.toUpperCase(), flags, text, exec: execForm(text) }
}

function execForm(text: string): readonly string[] | null {
  if (!text.startsWith('[')) return null
  try {
    const words: unknown = JSON.parse(text)
    const isExec = Array.isArray(words) && words.every((word) => typeof word === 'string')
    return isExec ? words : null
  } catch {
    return null
  }
}
