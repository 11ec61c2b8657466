import { expect, test } from 'vitest'
import { refuse } from '../../../../src/telemetry/http/access.ts'

test('a name that the server was told to listen at is its own', () => {
  const options = { token: undefined, isLoopback: false, host: 'Headrace.example' }
  expect(refuse({ host: 'headrace.EXAMPLE:9464' }, options)).toBeNull()
  expect(refuse({ host: 'headrace.example.evil' }, options)?.status).toBe(403)
  expect(refuse({ host: 'headrace.example' }, { ...options, host: '::' })?.status).toBe(403)
})
