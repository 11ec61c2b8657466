import { expect, test } from 'vitest'
import {
  brokerProperties,
  propertiesEnvironment,
  propertiesText,
} from '../../../src/broker/properties.ts'

const endpoints = { listener: '0.0.0.0:9092', advertised: 'h:1', controller: '127.0.0.1:9093' }

// It holds true: one set of properties serves both ways, as a file and as variables of the image.
test('the properties name the endpoints, and overrides win', () => {
  const properties = brokerProperties(endpoints, { 'node.id': '7', 'log.dirs': '/d' })
  expect(properties).toMatchObject({
    'node.id': '7',
    'log.dirs': '/d',
    listeners: 'PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093',
    'advertised.listeners': 'PLAINTEXT://h:1',
    'controller.quorum.voters': '1@127.0.0.1:9093',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
  })
})

test('a file has one line each, backslashes doubled', () => {
  expect(propertiesText({ 'a.b': '1', path: 'C:\\x' })).toBe('a.b=1\npath=C:\\\\x\n')
})

test("the image's variables spell dots, underscores and dashes as it reads them", () => {
  expect(propertiesEnvironment({ 'log.dirs': '/d', 'a_b-c': 'x' })).toEqual({
    KAFKA_LOG_DIRS: '/d',
    KAFKA_A__B___C: 'x',
  })
})
