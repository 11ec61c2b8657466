import { parse } from 'yaml'

export interface Healthcheck {
  readonly test?: readonly string[]
  readonly disable?: boolean
}

interface Device {
  readonly driver: string
  readonly count: number
  readonly capabilities: readonly string[]
}

/** What compose.yaml says of one container. */
export interface ComposeService {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly profiles?: readonly string[]
  readonly deploy?: {
    readonly resources: { readonly reservations: { readonly devices: Device[] } }
  }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly healthcheck?: Healthcheck
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly restart?: string
  readonly stop_grace_period?: string
  readonly mem_limit?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** Throws for what is no YAML; `<<` is resolved as Compose does. */
export function parseCompose(text: string): Compose {
  return parse(text, { merge: true, strict: true }) as Compose
}

/** The two sides of `./prometheus:/etc/prometheus:ro`. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
  /** Of this machine, not a volume with a name. */
  readonly isPath: boolean
}

export function mountsOf(service: ComposeService | undefined): Mount[] {
  return (service?.volumes ?? []).map((volume) => {
    const [source = '', target = '', mode] = volume.split(':')
    return { source, target, isReadOnly: mode === 'ro', isPath: source.startsWith('.') }
  })
}

/** The services whose image is built from the repository. */
export function ownServices(compose: Compose): [string, ComposeService][] {
  return Object.entries(compose.services).filter(([, { build }]) => build !== undefined)
}
