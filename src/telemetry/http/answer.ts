import { type ServerResponse, STATUS_CODES } from 'node:http'

/** Who has not taken in an answer after so long is cut. */
const drainMs = 10_000

/** What a route answers with. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const textType = 'text/plain; charset=utf-8'
const jsonType = 'application/json; charset=utf-8'

/** On every answer: nothing of it is kept, sniffed, framed or shown to another site. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

export function text(status: number, body: string): Answer {
  return { status, contentType: textType, body }
}

export function json(status: number, value: unknown): Answer {
  return { status, contentType: jsonType, body: `${JSON.stringify(value)}\n` }
}

/** A request that is not granted, with the reason as JSON. */
export function refusal(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { ...json(status, { error }), headers }
}

/** Answers a request; cuts the connection where the answer does not leave within 10 s. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  response.writeHead(answer.status, headersOf(answer))
  const timer = setTimeout(() => response.destroy(), drainMs)
  response.once('close', () => clearTimeout(timer))
  // To HEAD, Node sends the headers alone.
  response.end(answer.body)
}

/** An answer as it goes over the wire, the last of its connection. */
export function rawText(answer: Answer): string {
  const headers = Object.entries({ ...headersOf(answer), Connection: 'close' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  const { status, body } = answer
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}

function headersOf({ contentType, body, headers }: Answer): Record<string, string | number> {
  return {
    ...securityHeaders,
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  }
}
