import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { type Answer, refusal } from './answer.ts'

/** Who may see data of the stream. */
export interface AccessOptions {
  /** What must come as `Authorization: Bearer …`; undefined: nothing. */
  readonly token: string | undefined
  /** Whether the server listens to this machine alone. */
  readonly isLoopback: boolean
}

/** Why a request for data is refused; null where it is granted. */
export function refuse(headers: IncomingHttpHeaders, options: AccessOptions): Answer | null {
  if (options.isLoopback && !isLocalName(headers.host)) {
    return refusal(403, 'The Host header must be localhost or an address')
  }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return refusal(403, 'A page of another site asks')
  }
  if (options.token === undefined || isToken(headers.authorization, options.token)) return null
  return refusal(401, 'A token is needed', { 'WWW-Authenticate': 'Bearer realm="headrace"' })
}

/** Whether an address is one of this machine's to itself. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/**
 * A name of its own may have been pointed at 127.0.0.1 by a site that the user looks at, whose
 * script would then be of the same origin (DNS rebinding).
 */
function isLocalName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:[0-9]*$/, '')
  return name.toLowerCase() === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

/** In a time that tells nothing about the token. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
