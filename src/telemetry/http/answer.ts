import type { ServerResponse } from 'node:http'

/** What a route answers with. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
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

export function send(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, {
    ...securityHeaders,
    'Content-Type': answer.contentType,
    'Content-Length': body.length,
    ...answer.headers,
  })
  // To HEAD, Node sends the headers alone.
  response.end(body)
}
