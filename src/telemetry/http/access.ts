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
  /** What it was told to listen at. */
  readonly host: string
}

/** Why a request for data is refused; null where it is granted. */
export function refuse(headers: IncomingHttpHeaders, options: AccessOptions): Answer | null {
  const { token, isLoopback } = options
  if ((isLoopback || token === undefined) && !isOwnName(headers.host ?? '', options)) {
    const names = isLoopback
      ? 'localhost or an address'
      : 'an address or a name without a dot, unless there is an http.token'
    return refusal(403, `The Host header must be ${names}`)
  }
  if (isOfAnotherSite(headers)) return refusal(403, 'A page of another site asks')
  if (token === undefined || isToken(headers.authorization, token)) return null
  return refusal(401, 'A token is needed', { 'WWW-Authenticate': 'Bearer realm="headrace"' })
}

/** Whether an address is one of this machine's to itself. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/**
 * Whether the name is one that no site can have pointed here: a site that the user looks at may
 * give its own name this server's address, and its script would then be of the same origin (DNS
 * rebinding). Containers call each other by names without a dot, which are no site's.
 */
function isOwnName(host: string, options: AccessOptions): boolean {
  const name = host.replace(/:[0-9]*$/, '').toLowerCase()
  if (name === 'localhost' || name === options.host.toLowerCase()) return true
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true
  return !options.isLoopback && /^[a-z0-9_-]+$/.test(name)
}

/**
 * What the browser says of who asks. It says so only where the address is of HTTPS or this machine;
 * else the page's origin tells, which comes with nothing that a page asks of its own server.
 */
function isOfAnotherSite({ host = '', origin, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const ownOrigins = [`http://${host}`, `https://${host}`].map((own) => own.toLowerCase())
  return origin !== undefined && !ownOrigins.includes(origin.toLowerCase())
}

/** In a time that tells nothing about the token. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
